"""Doing something at most once per key, although the job or the request around it is run again.

A mark in the broker says that it was begun, and later that it was done. Between the two nobody can
know: a worker that dies there may have done it or not. That is told, and not guessed.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .broker import BrokerUnavailable, reaching_the_broker

if TYPE_CHECKING:
    from .queue import JobQueue

_DONE = b"done"

# Replaces our own mark, and nobody else's; one that is replaced already stays.
_SETTLE = """
local mark = redis.call('GET', KEYS[1])
if mark ~= ARGV[1] then return end
if ARGV[2] == '' then
    redis.call('DEL', KEYS[1])
else
    redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
"""


class OutcomeUnknown(Exception):
    """Something was begun and has not ended: it is under way, or whoever did it is gone.

    Args:
        key: What it was.
    """

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key!r} was begun and has not ended, so nobody knows whether it was done: "
            "look, and call forget_once if it was not."
        )
        self.key = key


@asynccontextmanager
async def once(queue: JobQueue, key: str, *, keep: timedelta | None = None) -> AsyncIterator[bool]:
    """Do what is inside at most once per key, where the context says that it is the first time.

    An exception inside says that it was not done, and it can be tried again. A cancellation, such
    as that of a job which takes too long, says nothing, like the death of the process.

    Args:
        queue: The runtime's queue.
        key: What is to be done, for all of the service.
        keep: How long to remember it; JOB_FAILED_SECONDS unless it is given, because a job can
            be run again for as long.

    Returns:
        Whether to do it: false when it has been done.

    Raises:
        OutcomeUnknown: When it was begun and has not ended. A job that lets this pass is tried
            again, and finds it done if it was only under way.
        BrokerUnavailable: When the broker did not answer. If that is at the end, it was done, and
            the next one is told that nobody knows.
    """
    redis: Any = queue.redis
    mark = _mark(queue, key)
    mine = uuid.uuid4().hex.encode()
    seconds = queue.failed_seconds if keep is None else max(1, int(keep.total_seconds()))
    with reaching_the_broker():
        found = await _begin(redis, mark, mine, seconds)
    if found == _DONE:
        yield False
        return
    if found != mine:
        raise OutcomeUnknown(key)

    async def settle(value: bytes) -> None:
        with reaching_the_broker():
            await redis.eval(_SETTLE, 1, mark, mine, value, seconds)

    try:
        yield True
    except Exception:
        with suppress(BrokerUnavailable):
            await settle(b"")
        raise
    await settle(_DONE)


async def forget_once(queue: JobQueue, key: str) -> bool:
    """Let something be done again, after somebody has looked.

    Args:
        queue: The runtime's queue.
        key: What it was, as `once` was told.

    Returns:
        Whether there was anything to forget.

    Raises:
        BrokerUnavailable: When the broker did not answer.
    """
    redis: Any = queue.redis
    with reaching_the_broker():
        return bool(await redis.delete(_mark(queue, key)))


async def _begin(redis: Any, mark: str, mine: bytes, seconds: int) -> bytes:
    """Leave our mark where there is none, and return the one that is there."""
    while True:
        if await redis.set(mark, mine, nx=True, ex=seconds):
            return mine
        # None if the other was taken back just now. Ours if the answer got lost on its way and the
        # client asked again.
        found: bytes | None = await redis.get(mark)
        if found is not None:
            return found


def _mark(queue: JobQueue, key: str) -> str:
    return queue.namespace(f"once:{key}")
