"""An S3-compatible server for tests."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import BaseModel, SecretStr

from .processes import free_port, until

S = TypeVar("S", bound=BaseModel)

BUCKET = "bucket"
KEY_ID = "key-id-of-the-tests"
SECRET = "secret-of-the-tests"


@contextmanager
def s3_server(folder: Path, *options: str) -> Iterator[int]:
    """Run a server with one bucket until the context ends.

    Args:
        folder: Folder of its objects.
        options: Additional options of `rclone serve s3`.

    Returns:
        Its local port.
    """
    (folder / BUCKET).mkdir(parents=True)
    port = free_port()
    program = Path(sys.executable).with_name("rclone")
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [program, "serve", "s3", folder, f"--addr=127.0.0.1:{port}", "--config=", *options],
            env={},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: _listens(port), what="rclone")
        yield port
    finally:
        server.kill()
        server.wait()


def with_keys() -> str:
    """Option that sets the credentials of these tests."""
    return f"--auth-key={KEY_ID},{SECRET}"


def variables(port: int, *, bucket: str = BUCKET, secret: str = SECRET) -> dict[str, str]:
    """Variables of a process that uses the server.

    Args:
        port: Port of the server.
        bucket: Name of the bucket.
        secret: Secret access key.
    """
    return {
        "STORAGE_URL": f"s3://{bucket}/below",
        "S3_ENDPOINT": f"http://127.0.0.1:{port}",
        "S3_ACCESS_KEY_ID": KEY_ID,
        "S3_SECRET_ACCESS_KEY": secret,
    }


def attached(settings: S, given: Mapping[str, str]) -> S:
    """Settings with changed variables.

    Args:
        settings: Original settings.
        given: Variables, such as those of `variables`.
    """
    kinds = {name: field.annotation for name, field in type(settings).model_fields.items()}
    changes = {
        name: SecretStr(value) if kinds[name] is SecretStr else value
        for name, value in ((variable.lower(), value) for variable, value in given.items())
    }
    return settings.model_copy(update=changes)


def unfinished(port: int) -> list[str]:
    """Ids of multipart uploads that are neither completed nor aborted.

    Args:
        port: Port of a server without authentication.
    """
    listing = httpx.get(f"http://127.0.0.1:{port}/{BUCKET}?uploads")
    listing.raise_for_status()
    return re.findall(r"<UploadId>(.+?)</UploadId>", listing.text)


def _listens(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/")
    except httpx.TransportError:
        return False
    return True
