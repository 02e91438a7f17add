"""At-most-once actions inside of jobs or requests that may be repeated.

A marker in the broker says that an action was started, and later that it is done. If its process
dies in between, the outcome is unknown, and the next attempt raises `OutcomeUnknown`.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .broker import BrokerUnavailable, converted_broker_errors

if TYPE_CHECKING:
    from .queue import JobQueue

_DONE = b"done"

# Replaces or deletes the marker only if it is our own.
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
    """An action was started and has not finished: it is running, or its process died.

    Args:
        key: Key of the action.
    """

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key!r} was started and has not finished, so its outcome is unknown: "
            "check it, and call forget_once if it was not done."
        )
        self.key = key


@asynccontextmanager
async def once(queue: JobQueue, key: str, *, keep: timedelta | None = None) -> AsyncIterator[bool]:
    """Run an action at most once per key; the context's value says whether to run it.

    After an exception in the context, the action counts as not done and can be retried. After a
    cancellation, such as a job's timeout, or the death of the process, its outcome is unknown.

    Args:
        queue: The runtime's queue.
        key: Key of the action, unique in the service.
        keep: How long to remember the action; by default JOB_FAILED_SECONDS, because failed jobs
            can be retried that long.

    Returns:
        Whether to run the action; False if it was done before.

    Raises:
        OutcomeUnknown: If the action was started and has not finished. A job that does not catch
            this is retried, and sees the action as done if it was only running.
        BrokerUnavailable: If the broker cannot be reached. If this happens at the end, the action
            was done, and the next attempt raises `OutcomeUnknown`.
    """
    redis: Any = queue.redis
    mark = _mark(queue, key)
    mine = uuid.uuid4().hex.encode()
    seconds = queue.failed_seconds if keep is None else max(1, int(keep.total_seconds()))
    with converted_broker_errors():
        found = await _begin(redis, mark, mine, seconds)
    if found == _DONE:
        yield False
        return
    if found != mine:
        raise OutcomeUnknown(key)

    async def settle(value: bytes) -> None:
        with converted_broker_errors():
            await redis.eval(_SETTLE, 1, mark, mine, value, seconds)

    try:
        yield True
    except Exception:
        with suppress(BrokerUnavailable):
            await settle(b"")
        raise
    await settle(_DONE)


async def forget_once(queue: JobQueue, key: str) -> bool:
    """Forget an action, so that it can run again; call it after checking the outcome.

    Args:
        queue: The runtime's queue.
        key: Key that was passed to `once`.

    Returns:
        Whether the action was known.

    Raises:
        BrokerUnavailable: If the broker cannot be reached.
    """
    redis: Any = queue.redis
    with converted_broker_errors():
        return bool(await redis.delete(_mark(queue, key)))


async def _begin(redis: Any, mark: str, mine: bytes, seconds: int) -> bytes:
    """Set our marker if there is none; return the current one."""
    while True:
        if await redis.set(mark, mine, nx=True, ex=seconds):
            return mine
        # None if the other marker was just deleted. Our own if the client retried the command after
        # a lost response.
        found: bytes | None = await redis.get(mark)
        if found is not None:
            return found


def _mark(queue: JobQueue, key: str) -> str:
    return queue.namespace(f"once:{key}")
