"""Stored objects and their metadata."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from .errors import converted_errors

if TYPE_CHECKING:
    from obstore import BytesStream

T = TypeVar("T")

# Timeout of a single response of the storage.
RESPONSE_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """Metadata of an object.

    Args:
        key: Its key.
        size: Its size, in bytes.
        etag: Its entity tag, or None.
        content_type: Its media type, or None in a listing.
        modified: When it was stored, or None right after `put`.
    """

    key: str
    size: int
    etag: str | None
    content_type: str | None = None
    modified: datetime | None = None


class OpenObject:
    """An object opened for reading: iterate over it once with `async for`.

    Args:
        stored: Metadata of the object.
        stream: Stream of its content.
    """

    def __init__(self, stored: StoredObject, stream: BytesStream) -> None:
        self.stored = stored
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Read the content in chunks.

        Raises:
            StorageUnavailable: If the storage stops responding.
        """
        async for piece in with_timeout(self._stream):
            yield piece

    async def read(self) -> bytes:
        """Read the whole content into memory."""
        return b"".join([piece async for piece in self])


@asynccontextmanager
async def storage_request(key: str = "", seconds: float = RESPONSE_SECONDS) -> AsyncIterator[None]:
    """Limit the time of one request to the storage, and convert its errors.

    Args:
        key: Key of the requested object.
        seconds: Timeout of the request.

    Raises:
        ObjectMissing: If there is no such object.
        StorageUnavailable: If the storage returns an error, or no response in time.
    """
    with converted_errors(key):
        async with asyncio.timeout(seconds):
            yield


async def with_timeout(stream: AsyncIterator[T]) -> AsyncIterator[T]:
    """Iterate over a stream, with a timeout for each chunk.

    Args:
        stream: The stream.

    Raises:
        StorageUnavailable: If the storage stops responding.
    """
    while True:
        async with storage_request():
            try:
                chunk = await anext(stream)
            except StopAsyncIteration:
                return
        yield chunk
