"""What can go wrong with object storage, in words without addresses and credentials."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, GenericError

from ..errors import BackingServiceUnavailable

# The server's own name for what is wrong, such as SlowDown.
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
    """There is no object of this key.

    Args:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no object {key!r}.")
        self.key = key


class NoPresignedUrl(Exception):
    """Objects in a folder have no URLs."""

    def __init__(self) -> None:
        super().__init__(
            "Objects in a folder have no URLs: answer with the object itself, or set STORAGE_URL "
            "to s3://bucket."
        )


class StorageUnavailable(BackingServiceUnavailable):
    """The object storage gave no good answer.

    Args:
        cause: What went wrong, without addresses or credentials.
    """

    def __init__(self, cause: str) -> None:
        super().__init__("object storage", cause)


class BucketMissing(StorageUnavailable):
    """The bucket of STORAGE_URL does not exist."""


class AccessRefused(StorageUnavailable):
    """The credentials are wrong, or may not do this."""


@contextmanager
def reaching_the_storage(key: str = "") -> Iterator[None]:
    """Turn the library's errors into the chassis' own.

    Args:
        key: Key of the object that is asked for.

    Raises:
        ObjectMissing: When there is no such object.
        StorageUnavailable: When there was no good answer.
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
    return "no answer" if isinstance(error, GenericError) else type(error).__name__
