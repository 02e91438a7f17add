"""Objects: what is known of them, and what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from .errors import reaching_the_storage

if TYPE_CHECKING:
    from obstore import BytesStream

T = TypeVar("T")

# How long any one answer of the storage is waited for.
ANSWER_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """What is known of an object.

    Args:
        key: Its key.
        size: Its size, in bytes.
        etag: What changes with its content, as the storage wrote it, or None.
        content_type: Its media type, or None where a listing does not say.
        modified: When it was stored, or None where that was a moment ago.
    """

    key: str
    size: int
    etag: str | None
    content_type: str | None = None
    modified: datetime | None = None


class OpenObject:
    """An object that is being read: `async for piece in opened`, once.

    Args:
        stored: What is known of it.
        stream: Where its bytes come from.
    """

    def __init__(self, stored: StoredObject, stream: BytesStream) -> None:
        self.stored = stored
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Read it in pieces.

        Raises:
            StorageUnavailable: When the storage falls silent or goes away.
        """
        async for piece in answers(self._stream):
            yield piece

    async def read(self) -> bytes:
        """Read all of it into memory."""
        return b"".join([piece async for piece in self])


@asynccontextmanager
async def answering(key: str = "", seconds: float = ANSWER_SECONDS) -> AsyncIterator[None]:
    """Wait for one answer of the storage, and no longer than that.

    Args:
        key: Key of the object that is asked for.
        seconds: How long it may take.

    Raises:
        ObjectMissing: When there is no such object.
        StorageUnavailable: When there was no good answer, or none in time.
    """
    with reaching_the_storage(key):
        async with asyncio.timeout(seconds):
            yield


async def answers(stream: AsyncIterator[T]) -> AsyncIterator[T]:
    """Pass on what the storage sends, and wait for each piece of it only so long.

    Args:
        stream: Where the pieces come from.

    Raises:
        StorageUnavailable: When the storage falls silent or goes away.
    """
    while True:
        async with answering():
            try:
                answer = await anext(stream)
            except StopAsyncIteration:
                return
        yield answer
