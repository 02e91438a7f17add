"""Batches: groups of jobs with a common state.

The broker stores the keys of a batch's unfinished and failed jobs in sets, so that recording the
end of a job is idempotent. All data of a batch expires.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .broker import converted_broker_errors
from .keys import new_key

if TYPE_CHECKING:
    from .functions import JobCall
    from .queue import JobQueue

# Number of jobs that are enqueued, and held in memory, at a time.
CHUNK = 100
POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """State of a batch; it has ended when all its jobs were enqueued and are finished."""

    total: int
    done: int
    failed: int
    ended: bool


class Batch:
    """Jobs that were enqueued together.

    Args:
        queue: The runtime's queue.
        key: Key of the batch.
    """

    def __init__(self, queue: JobQueue, key: str) -> None:
        self.queue = queue
        self.key = key
        self._keys = queue.batch_keys(key)

    @classmethod
    async def enqueue(
        cls, queue: JobQueue, calls: Iterable[JobCall] | AsyncIterable[JobCall]
    ) -> Batch:
        """Enqueue many jobs; workers may start before the last one is enqueued.

        Args:
            queue: The runtime's queue.
            calls: The jobs, such as `(my_job.call(value=n) for n in range(1000))`; they are
                consumed in chunks of a hundred.

        Returns:
            The batch; other code can open it again by its key.

        Raises:
            BrokerUnavailable: If the broker cannot be reached. Jobs that were enqueued before are
                run, and the batch never ends.
            ValueError: If a job has a custom key, which another job may already have.
        """
        batch = cls(queue, new_key())
        async for chunk in _chunks(calls):
            await batch._add(chunk)
        with converted_broker_errors():
            async with queue.redis.pipeline(transaction=True) as pipe:
                pipe.hset(batch._keys.counts, mapping={"enqueued": 1})
                batch._keys.expire(pipe)
                await pipe.execute()
        return batch

    async def state(self) -> BatchState | None:
        """Look up the state of the batch.

        Returns:
            The state, or None if the batch does not exist or has expired.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
        """
        with converted_broker_errors():
            async with self.queue.redis.pipeline(transaction=True) as pipe:
                pipe.hgetall(self._keys.counts)
                pipe.scard(self._keys.waiting)
                pipe.scard(self._keys.failed)
                counts, waiting, failed = await pipe.execute()
        if not counts:
            return None
        total = int(counts.get(b"total", 0))
        return BatchState(
            total=total,
            done=total - waiting - failed,
            failed=failed,
            ended=b"enqueued" in counts and not waiting,
        )

    async def wait(self) -> BatchState:
        """Wait until all jobs are finished; use `asyncio.timeout` to limit the time.

        Returns:
            The final state.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
            LookupError: If the batch does not exist or has expired.
        """
        while True:
            state = await self.state()
            if state is None:
                raise LookupError(f"batch {self.key!r} does not exist or has expired")
            if state.ended:
                return state
            await asyncio.sleep(POLL_SECONDS)

    async def _add(self, calls: list[JobCall]) -> None:
        for call in calls:
            if call.key is not None:
                raise ValueError(f"{call.function.name}: jobs of a batch cannot have custom keys")
        keyed = [(new_key(), call) for call in calls]
        with converted_broker_errors():
            async with self.queue.redis.pipeline(transaction=True) as pipe:
                # First, because a job may finish before the next statement.
                pipe.hincrby(self._keys.counts, "total", len(keyed))
                pipe.sadd(self._keys.waiting, *(key for key, _ in keyed))
                self._keys.expire(pipe)
                await pipe.execute()
        await asyncio.gather(
            *(
                self.queue.put(call.function, call.arguments, key=key, due=call.due, batch=self.key)
                for key, call in keyed
            )
        )


async def _chunks(
    calls: Iterable[JobCall] | AsyncIterable[JobCall],
) -> AsyncIterator[list[JobCall]]:
    chunk: list[JobCall] = []
    async for call in _one_by_one(calls):
        chunk.append(call)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _one_by_one(calls: Iterable[JobCall] | AsyncIterable[JobCall]) -> AsyncIterator[JobCall]:
    if isinstance(calls, AsyncIterable):
        async for call in calls:
            yield call
    else:
        for call in calls:
            yield call
