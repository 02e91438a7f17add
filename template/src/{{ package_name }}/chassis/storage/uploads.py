"""Uploads of any size in constant memory: as one piece if it is small, else in parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING

import obstore

from .errors import reaching_the_storage
from .objects import ANSWER_SECONDS, answering

if TYPE_CHECKING:
    from obstore import Attributes, PutResult
    from obstore.store import LocalStore, S3Store

# The smallest part that S3 takes.
PART_BYTES = 5 * 1024 * 1024
PARTS_AT_A_TIME = 2
# What a slow line still manages; a storage that takes less counts as silent.
SLOWEST_BYTES_PER_SECOND = 1_000_000
PART_SECONDS = ANSWER_SECONDS + PARTS_AT_A_TIME * PART_BYTES / SLOWEST_BYTES_PER_SECOND


class _Abandoned(Exception):
    """Makes the library take back the parts that it has sent."""


async def parts_of(content: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Cut content into parts of the same size; only the last may be smaller.

    Args:
        content: All of it, or pieces of any size.
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
    """Store an object, all of it or nothing.

    Args:
        store: The library's store.
        path: Where to.
        parts: Its content, as `parts_of` cuts it. Its own exceptions come out as they are.
        attributes: What the store keeps beside it, if it can.

    Returns:
        What the store answered, and how many bytes it was given.

    Raises:
        StorageUnavailable: When the store could not take it.
    """
    first = await anext(parts, b"")
    size = len(first)
    if size < PART_BYTES:
        async with answering(seconds=ANSWER_SECONDS + size / SLOWEST_BYTES_PER_SECOND):
            put = obstore.put_async(store, path, first, attributes=attributes, use_multipart=False)
            return await put, size
    upload = _Upload(store, path, attributes)
    try:
        await upload.take(first, ANSWER_SECONDS)
        async for part in parts:
            await upload.take(part, PART_SECONDS)
            size += len(part)
        return await upload.finish(), size
    finally:
        await upload.abandon()


class _Upload:
    """An upload in parts, which the library makes while it is given them.

    Args:
        store: The library's store.
        path: Where to.
        attributes: What the store keeps beside the object, if it can.
    """

    def __init__(
        self, store: S3Store | LocalStore, path: str, attributes: Attributes | None
    ) -> None:
        # What is handed over: a part, or None when there are no more.
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
        self._task.add_done_callback(_look_at)

    async def take(self, part: bytes, seconds: float) -> None:
        """Hand a part over.

        Args:
            part: The part.
            seconds: How long the library may take until it asks for it.

        Raises:
            StorageUnavailable: When it takes longer, or has failed by then.
        """
        self._taken.clear()
        self._hand(part)
        taken = asyncio.ensure_future(self._taken.wait())
        try:
            with reaching_the_storage():
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
        """Say that there are no more parts, and wait until the object is there.

        Raises:
            StorageUnavailable: When the object could not be stored.
        """
        self._hand(None)
        async with answering(seconds=PART_SECONDS):
            return await asyncio.shield(self._task)

    async def abandon(self) -> None:
        """Leave nothing behind of an upload that has not been finished."""
        if self._begun and not self._task.done():
            # Cancelling the library's task at once would leave the parts that it has sent.
            self._abandoned = True
            self._hand(None)
            await asyncio.wait({self._task}, timeout=ANSWER_SECONDS)
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


def _look_at(task: asyncio.Task[PutResult]) -> None:
    # asyncio logs an exception that nobody has looked at.
    if not task.cancelled():
        task.exception()
