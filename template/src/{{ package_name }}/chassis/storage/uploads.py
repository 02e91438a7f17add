"""Uploads of any size in constant memory; large objects are uploaded in parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING

import obstore

from .errors import converted_errors
from .objects import RESPONSE_SECONDS, storage_request

if TYPE_CHECKING:
    from obstore import Attributes, PutResult
    from obstore.store import LocalStore, S3Store

# The minimum of S3.
PART_BYTES = 5 * 1024 * 1024
PARTS_AT_A_TIME = 2
# Minimum upload speed; a slower storage counts as unavailable.
SLOWEST_BYTES_PER_SECOND = 1_000_000
PART_SECONDS = RESPONSE_SECONDS + PARTS_AT_A_TIME * PART_BYTES / SLOWEST_BYTES_PER_SECOND


class _Abandoned(Exception):
    """Raised in the library to make it delete the parts that it has sent."""


async def parts_of(content: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Split content into parts of the same size; only the last may be smaller.

    Args:
        content: All bytes, or an iterable of chunks of any size.
    """
    if isinstance(content, bytes):
        for start in range(0, len(content), PART_BYTES):
            yield content[start : start + PART_BYTES]
        return
    waiting = bytearray()
    async for piece in content:
        waiting += piece
        while len(waiting) >= PART_BYTES:
            yield bytes(waiting[:PART_BYTES])
            del waiting[:PART_BYTES]
    if waiting:
        yield bytes(waiting)


async def send(
    store: S3Store | LocalStore,
    path: str,
    parts: AsyncIterator[bytes],
    attributes: Attributes | None,
) -> tuple[PutResult, int]:
    """Store an object atomically.

    Args:
        store: Store of the library.
        path: Path of the object.
        parts: Content, as split by `parts_of`. Its exceptions are raised unchanged.
        attributes: Attributes of the object, if the store supports them.

    Returns:
        Result of the store, and the size of the object in bytes.

    Raises:
        StorageUnavailable: If the object cannot be stored.
    """
    first = await anext(parts, b"")
    size = len(first)
    if size < PART_BYTES:
        async with storage_request(seconds=RESPONSE_SECONDS + size / SLOWEST_BYTES_PER_SECOND):
            put = obstore.put_async(store, path, first, attributes=attributes, use_multipart=False)
            return await put, size
    upload = _Upload(store, path, attributes)
    try:
        await upload.take(first, RESPONSE_SECONDS)
        async for part in parts:
            await upload.take(part, PART_SECONDS)
            size += len(part)
        return await upload.finish(), size
    finally:
        await upload.abandon()


class _Upload:
    """An upload in parts, which the library reads from a generator.

    Args:
        store: Store of the library.
        path: Path of the object.
        attributes: Attributes of the object, if the store supports them.
    """

    def __init__(
        self, store: S3Store | LocalStore, path: str, attributes: Attributes | None
    ) -> None:
        # The next part, or None after the last one.
        self._part: bytes | None = None
        self._handed = asyncio.Event()
        self._taken = asyncio.Event()
        self._begun = False
        self._abandoned = False
        self._task = asyncio.ensure_future(
            obstore.put_async(
                store,
                path,
                self._parts(),
                attributes=attributes,
                use_multipart=True,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_A_TIME,
            )
        )
        self._task.add_done_callback(_retrieve_exception)

    async def take(self, part: bytes, seconds: float) -> None:
        """Pass a part to the library.

        Args:
            part: The part.
            seconds: How long to wait until the library takes the part.

        Raises:
            StorageUnavailable: If the library takes longer, or the upload has failed.
        """
        self._taken.clear()
        self._hand(part)
        taken = asyncio.ensure_future(self._taken.wait())
        try:
            with converted_errors():
                await asyncio.wait(
                    {taken, self._task}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
                )
                if self._task.done():
                    self._task.result()
                if not taken.done():
                    raise TimeoutError
        finally:
            taken.cancel()

    async def finish(self) -> PutResult:
        """Finish the upload, and wait until the object is stored.

        Raises:
            StorageUnavailable: If the object cannot be stored.
        """
        self._hand(None)
        async with storage_request(seconds=PART_SECONDS):
            return await asyncio.shield(self._task)

    async def abandon(self) -> None:
        """Delete the sent parts of an unfinished upload."""
        if self._begun and not self._task.done():
            # Cancelling the library's task right away would leave the sent parts behind.
            self._abandoned = True
            self._hand(None)
            await asyncio.wait({self._task}, timeout=RESPONSE_SECONDS)
        self._task.cancel()

    def _hand(self, part: bytes | None) -> None:
        self._part = part
        self._handed.set()

    async def _parts(self) -> AsyncIterator[bytes]:
        while True:
            await self._handed.wait()
            self._handed.clear()
            part = self._part
            self._begun = True
            self._taken.set()
            if self._abandoned:
                raise _Abandoned
            if part is None:
                return
            yield part


def _retrieve_exception(task: asyncio.Task[PutResult]) -> None:
    # asyncio logs exceptions that were never retrieved.
    if not task.cancelled():
        task.exception()
