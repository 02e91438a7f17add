"""Mail that the server has accepted, which is not sent again."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from ..jobs.broker import BrokerUnavailable, converted_broker_errors

if TYPE_CHECKING:
    from ..jobs.queue import JobQueue

# How long to try while the broker is unavailable.
TRY_SECONDS = 30
TRY_AGAIN_SECONDS = 1.0


async def was_sent(queue: JobQueue, key: str) -> bool:
    """Whether the server has accepted a mail.

    Args:
        queue: The runtime's queue.
        key: Key of the mail.

    Raises:
        BrokerUnavailable: If the broker cannot be reached.
    """
    redis: Any = queue.redis
    with converted_broker_errors():
        return bool(await redis.exists(_mark(queue, key)))


async def remember_sent(queue: JobQueue, key: str) -> None:
    """Remember that the server has accepted a mail, as long as failed jobs can be retried.

    A broker that is unavailable is tried again for `TRY_SECONDS`, because the mail would be sent
    twice otherwise.

    Args:
        queue: The runtime's queue.
        key: Key of the mail.

    Raises:
        BrokerUnavailable: If the broker stays unavailable.
    """
    redis: Any = queue.redis
    end = time.monotonic() + TRY_SECONDS
    while True:
        try:
            with converted_broker_errors():
                await redis.set(_mark(queue, key), 1, ex=queue.failed_seconds)
        except BrokerUnavailable:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(TRY_AGAIN_SECONDS)
        else:
            return


def _mark(queue: JobQueue, key: str) -> str:
    return queue.namespace(f"mail:{key}")
