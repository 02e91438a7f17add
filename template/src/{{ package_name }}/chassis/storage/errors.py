"""Errors of the object storage, without addresses and credentials."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, GenericError

from ..errors import BackingServiceUnavailable

# Error code of the server, such as SlowDown.
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_REFUSALS = {
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "PermissionDeniedError",
    "PermissionError",
    "SignatureDoesNotMatch",
    "UnauthenticatedError",
}


class ObjectMissing(LookupError):
    """There is no object with this key.

    Args:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no object {key!r}.")
        self.key = key


class NoPresignedUrl(Exception):
    """A folder has no presigned URLs."""

    def __init__(self) -> None:
        super().__init__(
            "A folder has no presigned URLs: send the object itself, or set STORAGE_URL to "
            "s3://bucket."
        )


class StorageUnavailable(BackingServiceUnavailable):
    """The object storage cannot be reached, or returned an error.

    Args:
        cause: Name of the error, without addresses or credentials.
    """

    def __init__(self, cause: str) -> None:
        super().__init__("object storage", cause)


class BucketMissing(StorageUnavailable):
    """The bucket of STORAGE_URL does not exist."""


class AccessRefused(StorageUnavailable):
    """The credentials are wrong, or lack a permission."""


@contextmanager
def converted_errors(key: str = "") -> Iterator[None]:
    """Convert errors of the library to those of the chassis.

    Args:
        key: Key of the requested object.

    Raises:
        ObjectMissing: If there is no such object.
        StorageUnavailable: If the storage cannot be reached, or returns an error.
    """
    try:
        yield
    except FileNotFoundError as error:
        if _cause(error) == "NoSuchBucket":
            raise BucketMissing("NoSuchBucket") from error
        raise ObjectMissing(key) from None
    except (BaseError, OSError) as error:
        cause = _cause(error)
        if cause == "NoSuchBucket":
            raise BucketMissing(cause) from error
        if cause in _REFUSALS:
            raise AccessRefused(cause) from error
        raise StorageUnavailable(cause) from error


def _cause(error: Exception) -> str:
    if code := _CODE.search(str(error)):
        return code[1]
    return "no response" if isinstance(error, GenericError) else type(error).__name__
