"""A server that speaks S3, which the tests may fill, ask wrongly and take away."""

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
    """Run a server with one bucket for as long as the context lasts.

    Args:
        folder: Where it keeps its objects.
        options: Further options of `rclone serve s3`.

    Returns:
        The port of this machine that it listens on.
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
    """Option of a server that takes these tests' credentials and no others."""
    return f"--auth-key={KEY_ID},{SECRET}"


def variables(port: int, *, bucket: str = BUCKET, secret: str = SECRET) -> dict[str, str]:
    """Variables that attach a process to a server.

    Args:
        port: Where the server listens.
        bucket: Name of the bucket.
        secret: What is said to belong to the key id.
    """
    return {
        "STORAGE_URL": f"s3://{bucket}/below",
        "S3_ENDPOINT": f"http://127.0.0.1:{port}",
        "S3_ACCESS_KEY_ID": KEY_ID,
        "S3_SECRET_ACCESS_KEY": secret,
    }


def attached(settings: S, given: Mapping[str, str]) -> S:
    """Settings of a process that is attached by variables.

    Args:
        settings: Its settings otherwise.
        given: The variables, such as `variables` returns.
    """
    kinds = {name: field.annotation for name, field in type(settings).model_fields.items()}
    changes = {
        name: SecretStr(value) if kinds[name] is SecretStr else value
        for name, value in ((variable.lower(), value) for variable, value in given.items())
    }
    return settings.model_copy(update=changes)


def unfinished(port: int) -> list[str]:
    """Ids of uploads in parts that are neither finished nor taken back.

    Args:
        port: Where a server listens that takes requests without credentials.
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
