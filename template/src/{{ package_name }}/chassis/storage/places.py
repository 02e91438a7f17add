"""Locations of objects: a bucket, or a local folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from obstore.store import LocalStore, S3Store

from ..settings import ChassisSettings
from .uploads import PART_SECONDS

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Credential

CONNECT_SECONDS = 2
# Long, because a download may be as slow as its client; a silent storage times out earlier.
REQUEST_SECONDS = 3600
RETRIES = 2
# Shorter than the response timeout, so that requests without a response are not retried.
RETRY_SECONDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Location of objects.

    Args:
        store: Store of the library.
        prefix: Prefix of every path.
        folder: The folder, or None for a bucket.
    """

    store: S3Store | LocalStore
    prefix: str
    folder: Path | None = None


def place_of(settings: ChassisSettings) -> Place:
    """Location that the settings name; it need not exist.

    Args:
        settings: Settings with the address and credentials.
    """
    address = urlsplit(settings.storage_url)
    if address.scheme == "s3":
        return _bucket(settings, address)
    path = unquote(address.path) if address.scheme == "file" else settings.storage_url
    folder = Path(path).resolve()
    # A store at the root, because the library requires its folder to exist.
    return Place(store=LocalStore(), prefix=f"{folder.as_posix().strip('/')}/", folder=folder)


def _bucket(settings: ChassisSettings, address: SplitResult) -> Place:
    region = settings.s3_region
    endpoint = settings.s3_endpoint or f"https://s3.{region}.amazonaws.com"
    # Set every option, because the library reads missing ones from environment variables.
    config: S3Config = {
        "endpoint": endpoint,
        "aws_endpoint_url_s3": endpoint,
        "region": region,
        "virtual_hosted_style_request": False,
        "skip_signature": False,
    }
    client: ClientConfig = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        # Also limits the time to send a part.
        "read_timeout": timedelta(seconds=PART_SECONDS),
        "timeout": timedelta(seconds=REQUEST_SECONDS),
    }
    retry: RetryConfig = {
        "max_retries": RETRIES,
        "retry_timeout": timedelta(seconds=RETRY_SECONDS),
    }
    access_key_id = settings.s3_access_key_id.get_secret_value()
    credential: S3Credential = {
        "access_key_id": access_key_id,
        "secret_access_key": settings.s3_secret_access_key.get_secret_value(),
        "token": None,
        "expires_at": None,
    }
    store = S3Store(
        address.netloc,
        config=config,
        client_options=client,
        retry_config=retry,
        # Without an access key, the library uses the machine's role.
        credential_provider=(lambda: credential) if access_key_id else None,
    )
    prefix = address.path.strip("/")
    return Place(store=store, prefix=f"{prefix}/" if prefix else "")
