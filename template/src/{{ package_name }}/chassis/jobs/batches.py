"""Batches: many jobs that somebody wants to see through together.

The broker keeps the keys of a batch's jobs that wait and of those that failed, so that the end of a
job is counted once, however often it is told. Everything about a batch expires.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saq.job import Job, Status

from .broker import reaching_the_broker

if TYPE_CHECKING:
    from .functions import JobCall
    from .queue import JobQueue

# How many jobs are in memory at a time while a batch is enqueued.
CHUNK = 100
POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """How far a batch is; it has ended when all of it was enqueued and none waits or runs."""

    total: int
    done: int
    failed: int
    ended: bool


class Batch:
    """Jobs that were enqueued together.

    Args:
        queue: The runtime's queue.
        key: Identity of the batch.
    """

    def __init__(self, queue: JobQueue, key: str) -> None:
        self.queue = queue
        self.key = key
        self._names = _Names(queue, key)

    @classmethod
    async def enqueue(
        cls, queue: JobQueue, calls: Iterable[JobCall] | AsyncIterable[JobCall]
    ) -> Batch:
        """Hand many jobs to the workers, who may begin before the last one is there.

        Args:
            queue: The runtime's queue.
            calls: What to run, such as `(my_job.call(value=n) for n in range(1000))`; a hundred of
                them are in memory at a time.

        Returns:
            The batch, to be asked for its state; its key finds it again from elsewhere.

        Raises:
            BrokerUnavailable: When the broker could not take a job. Those before it are run, and
                the batch never ends.
            ValueError: If a job has a key of its own, which may be that of another job already.
        """
        batch = cls(queue, uuid.uuid4().hex)
        async for chunk in _chunks(calls):
            await batch._add(chunk)
        with reaching_the_broker():
            async with queue.redis.pipeline(transaction=True) as pipe:
                pipe.hset(batch._names.counts, mapping={"enqueued": 1})
                batch._names.expire(pipe)
                await pipe.execute()
        return batch

    async def state(self) -> BatchState | None:
        """Ask how far the batch is.

        Returns:
            Its state, or None when it never was or has expired.

        Raises:
            BrokerUnavailable: When the broker did not answer.
        """
        with reaching_the_broker():
            async with self.queue.redis.pipeline(transaction=True) as pipe:
                pipe.hgetall(self._names.counts)
                pipe.scard(self._names.waiting)
                pipe.scard(self._names.failed)
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
        """Wait until none of its jobs waits or runs; `asyncio.timeout` bounds the patience.

        Returns:
            How it ended.

        Raises:
            BrokerUnavailable: When the broker did not answer.
            LookupError: When there is no such batch, or none any more.
        """
        while True:
            state = await self.state()
            if state is None:
                raise LookupError(f"there is no batch {self.key!r}, or none any more")
            if state.ended:
                return state
            await asyncio.sleep(POLL_SECONDS)

    async def _add(self, calls: list[JobCall]) -> None:
        for call in calls:
            if call.key is not None:
                raise ValueError(f"{call.function.name}: a job of a batch has no key of its own")
        keyed = [(uuid.uuid4().hex, call) for call in calls]
        with reaching_the_broker():
            async with self.queue.redis.pipeline(transaction=True) as pipe:
                # First, because a job may end before the next line.
                pipe.hincrby(self._names.counts, "total", len(keyed))
                pipe.sadd(self._names.waiting, *(key for key, _ in keyed))
                self._names.expire(pipe)
                await pipe.execute()
        await asyncio.gather(
            *(
                self.queue.put(call.function, call.arguments, key=key, due=call.due, batch=self.key)
                for key, call in keyed
            )
        )


class _Names:
    """Where the broker keeps a batch."""

    def __init__(self, queue: JobQueue, key: str) -> None:
        self.counts = queue.namespace(f"batch:{key}")
        self.waiting = f"{self.counts}:waiting"
        self.failed = f"{self.counts}:failed"
        self._seconds = queue.failed_seconds

    def expire(self, pipe: Any) -> None:
        for name in (self.counts, self.waiting, self.failed):
            pipe.expire(name, self._seconds)


def note_end(pipe: Any, queue: JobQueue, job: Job, status: Status) -> None:
    """Count the end of a job in the batch that it belongs to, if it does.

    Args:
        pipe: Takes the commands.
        queue: Where the job was.
        job: The job.
        status: How it ended.
    """
    if batch := job.meta.get("batch"):
        names = _Names(queue, batch)
        pipe.srem(names.waiting, job.key)
        note = pipe.srem if status is Status.COMPLETE else pipe.sadd
        note(names.failed, job.key)
        names.expire(pipe)


def note_again(pipe: Any, queue: JobQueue, job: Job) -> None:
    """Let the batch of a job wait for it once more.

    Args:
        pipe: Takes the commands.
        queue: Where the job is.
        job: The job, which had ended.
    """
    if batch := job.meta.get("batch"):
        names = _Names(queue, batch)
        pipe.sadd(names.waiting, job.key)
        pipe.srem(names.failed, job.key)
        names.expire(pipe)


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
