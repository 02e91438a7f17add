"""The job broker: SAQ's Redis queue, made to lose nothing and to outlive its broker.

Differences from SAQ's own queue, each with a test that fails without it:

- A job whose worker died is run again, at once and side by side with others in the same state;
  SAQ takes five seconds for each and may lose one in between.
- While the broker is away, waiting for a job sleeps instead of spinning, and says so once.
- The request's id travels with the job.
- A job that failed for good is kept longer than a result, a cron's too, until it is run again.
- A job that belongs to a batch is counted there when it ends.
- A job's begin, progress and end are one command each with the news of it, instead of two.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import WatchError
from saq.job import TERMINAL_STATUSES, Job, Status
from saq.queue.redis import RedisQueue

from ..settings import ChassisSettings
from . import batches
from .broker import BROKER_ERRORS, reaching_the_broker
from .functions import RETRY_DELAY_LIMIT_SECONDS, RETRY_DELAY_SECONDS, JobFunction

Q = TypeVar("Q", bound="JobQueue")
# What a worker does again and again beside its jobs.
Duty = Callable[[], Awaitable[None]]

CONNECT_SECONDS = 2
# How long one look for a job lasts. It bounds the end of an idle worker, which then need not cancel
# the look: a look that is cancelled can have taken a job that nobody knows of.
DEQUEUE_SECONDS = 1
ANSWER_SECONDS = DEQUEUE_SECONDS + 4
BROKER_RETRY_SECONDS = 1.0
LEAVE_SECONDS = 1

# What the keys of crons begin with.
CRON = "cron:"

# Takes a planned run back unless it has been touched since it was looked at.
_TAKE_BACK = """
if redis.call('ZSCORE', KEYS[1], KEYS[2]) == ARGV[1] then
    redis.call('ZREM', KEYS[1], KEYS[2])
    redis.call('DEL', KEYS[2])
    return 1
end
return 0
"""

# Writes a job unless it has changed since it was read.
_WRITE_UNCHANGED = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2])
end
"""

log = structlog.get_logger(__name__)


class JobQueue(RedisQueue):
    """The service's queue.

    Args:
        redis: Connection to the broker.
        settings: Name of the queue, heartbeat and lifetime of results.

    Attributes:
        duties: What a worker does every second for the queue.
    """

    duties: Sequence[Duty] = ()

    def __init__(self, redis: Redis, settings: ChassisSettings) -> None:
        super().__init__(redis, name=settings.job_queue)
        self.heartbeat = settings.job_heartbeat_seconds
        self.failed_seconds = settings.job_failed_seconds
        self._result_seconds = settings.job_result_seconds
        self._suspects = self.namespace("suspects")
        self._failed = self.namespace("failed")
        # redis-py types every command for its blocking and its async client at once.
        self._commands: Any = redis
        self._lost = False
        self._changed = 0.0

    async def check(self) -> None:
        """Ask the broker for an answer; raises where there is none."""
        await self._commands.ping()

    async def put(
        self,
        function: JobFunction[..., Any],
        arguments: Mapping[str, object],
        *,
        key: str | None = None,
        due: int = 0,
        batch: str | None = None,
    ) -> Job:
        """Hand a job to the workers.

        Args:
            function: What to run.
            arguments: Its arguments by name, representable in JSON.
            key: Identity of the job; one that is already waiting or running is not added again.
            due: When to run it, in seconds since the epoch; 0 for now.
            batch: Key of the batch that it belongs to.

        Returns:
            The job, or the one of that key which was there before.

        Raises:
            BrokerUnavailable: When the broker could not take it.
        """
        return await self._add(self._make(function, arguments, key=key, due=due, batch=batch))

    async def _add(self, job: Job) -> Job:
        with reaching_the_broker():
            return await self.enqueue(job) or await self.job(job.key) or job

    def _make(
        self,
        function: JobFunction[..., Any],
        arguments: Mapping[str, object],
        *,
        key: str | None,
        due: int,
        batch: str | None = None,
    ) -> Job:
        meta = {
            "request_id": structlog.contextvars.get_contextvars().get("request_id"),
            "batch": batch,
        }
        job = Job(
            function.name,
            kwargs=dict(arguments),
            timeout=function.timeout,
            retries=function.retries,
            heartbeat=self.heartbeat,
            retry_delay=RETRY_DELAY_SECONDS,
            retry_backoff=RETRY_DELAY_LIMIT_SECONDS,
            ttl=self._result_seconds if function.keep is None else function.keep,
            scheduled=due,
            meta={name: value for name, value in meta.items() if value},
        )
        if key is not None:
            job.key = key
        return job

    async def find(self, key: str) -> Job | None:
        """Look a job up.

        Args:
            key: Identity of the job.

        Returns:
            The job with its state and result, or None when it never was or has expired.

        Raises:
            BrokerUnavailable: When the broker did not answer.
        """
        with reaching_the_broker():
            return await self.job(key)

    async def forget(self, job: Job) -> None:
        """Delete a job that has ended, and its result.

        Args:
            job: The job.

        Raises:
            BrokerUnavailable: When the broker did not answer.
        """
        with reaching_the_broker():
            await self._commands.delete(job.id)

    async def run_again(self, key: str) -> bool:
        """Queue a job once more that has ended, as if it had never been tried.

        Args:
            key: Identity of the job.

        Returns:
            Whether it was queued: not if it is gone, has not ended, or is being queued by somebody
            else at the same time.

        Raises:
            BrokerUnavailable: When the broker did not answer.
        """
        with reaching_the_broker():
            async with self.redis.pipeline(transaction=True) as pipe:
                # redis-py does not type what a pipeline does once something is watched.
                watching: Any = pipe
                await watching.watch(self.job_id(key))
                job = self.deserialize(await watching.get(self.job_id(key)))
                if job is None or job.status not in TERMINAL_STATUSES:
                    return False
                job.status = Status.QUEUED
                job.result = job.error = None
                job.attempts = job.scheduled = job.started = job.completed = 0
                job.progress = 0.0
                job.touched = round(time.time() * 1000)
                watching.multi()
                pipe.set(job.id, self.serialize(job))
                pipe.zadd(self._incomplete, {job.id: 0})
                pipe.rpush(self._queued, job.id)
                batches.note_again(pipe, self, job)
                pipe.publish(job.id, job.status)
                try:
                    await pipe.execute()
                except WatchError:
                    return False
        return True

    async def failed_jobs(self, limit: int) -> list[Job]:
        """The jobs that failed last and have not been run again.

        Args:
            limit: At most this many.

        Raises:
            BrokerUnavailable: When the broker did not answer.
        """
        with reaching_the_broker():
            job_ids = await self._commands.zrevrange(self._failed, 0, limit - 1)
            found = await self._commands.mget(job_ids) if job_ids else []
        jobs = [self.deserialize(payload) for payload in found]
        return [job for job in jobs if job is not None and job.status is Status.FAILED]

    async def iter_jobs(
        self, statuses: Sequence[Status] = tuple(Status), batch_size: int = 100
    ) -> AsyncIterator[Job]:
        """Look all jobs up, in no order.

        Args:
            statuses: States that they may be in.
            batch_size: How many are looked at in one go.

        Raises:
            BrokerUnavailable: When the broker did not answer.
        """
        with reaching_the_broker():
            async for job in super().iter_jobs(list(statuses), batch_size):
                yield job

    async def plan(self, function: JobFunction[..., Any], key: str, due: int) -> None:
        """See to it that a cron's next run is the one that its present schedule asks for.

        Args:
            function: The job.
            key: Identity of its runs.
            due: When it is to run next, in seconds since the epoch.
        """
        planned = await self._add(self._make(function, {}, key=key, due=due))
        # A run that is overdue, or that waits for its next try, is left as it is.
        if planned.scheduled in (0, due) or planned.attempts or planned.scheduled <= time.time():
            return
        taken_back = await self._commands.eval(
            _TAKE_BACK, 2, self._incomplete, self.job_id(key), str(planned.scheduled)
        )
        if taken_back:
            await self._add(self._make(function, {}, key=key, due=due))

    async def beat(self, job: Job) -> None:
        """Show that the worker of a running job lives.

        A beat that comes late undoes nothing: neither the job's end, nor its abort, nor its being
        run by another worker.

        Args:
            job: The job, as its worker knows it.
        """
        read = await self._commands.get(job.id)
        stored = self.deserialize(read)
        if stored and stored.status is Status.ACTIVE and stored.attempts == job.attempts:
            stored.touched = round(time.time() * 1000)
            await self._commands.eval(_WRITE_UNCHANGED, 1, job.id, read, self.serialize(stored))

    async def dequeue(
        self,
        timeout: float = 0.0,  # noqa: ASYNC109 (the signature is SAQ's)
        poll_interval: float = 0.0,
    ) -> Job | None:
        """Wait for a job, but never longer than `DEQUEUE_SECONDS`.

        Returns:
            A job, or None when there was none or no broker.
        """
        asked = time.monotonic()
        try:
            job = await super().dequeue(timeout or DEQUEUE_SECONDS, poll_interval)
        except BROKER_ERRORS as error:
            self.lost(error, asked)
            await asyncio.sleep(BROKER_RETRY_SECONDS)
            return None
        self.back(asked)
        return job

    async def sweep(self, lock: int = 60, abort: float = 5.0) -> list[str]:
        """Run those jobs again whose worker is gone.

        Args:
            lock: For how long no other worker sweeps, in seconds.
            abort: Not used: there is no worker left that could answer.

        Returns:
            Ids of the jobs that were swept.
        """
        if not await self._commands.set(self._sweep, 1, nx=True, ex=max(1, lock)):
            return []
        job_ids = await self._commands.lrange(self._active, 0, -1)
        if not job_ids:
            return []
        before = await self._commands.smembers(self._suspects)
        suspects: list[str] = []
        swept: list[str] = []
        for raw_id, payload in zip(job_ids, await self._commands.mget(job_ids), strict=True):
            job_id, job = raw_id.decode(), self.deserialize(payload)
            if job is None:
                await self._commands.lrem(self._active, 0, job_id)
                await self._commands.zrem(self._incomplete, job_id)
            elif _deserted(job):
                swept.append(job_id)
                await self._revive(job)
            elif job.status is Status.QUEUED:
                # Taken by a worker that has not begun. Seen twice, that worker no longer lives.
                suspect = f"{job_id} {job.queued} {job.attempts}"
                if suspect.encode() in before:
                    swept.append(job_id)
                    await self._revive(job)
                else:
                    suspects.append(suspect)
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.delete(self._suspects)
            if suspects:
                pipe.sadd(self._suspects, *suspects)
                pipe.expire(self._suspects, 3600)
            await pipe.execute()
        return swept

    async def _update(self, job: Job, status: Status | None = None, **_kwargs: object) -> None:
        if status is None:
            stored = await self.job(job.key)
            status = stored.status if stored else None
        job.status = status or job.status
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.set(job.id, self.serialize(job))
            pipe.publish(job.id, job.status)
            await pipe.execute()

    async def _finish(
        self, job: Job, status: Status, *, result: object = None, error: str | None = None
    ) -> None:
        kept, seconds = job, job.ttl
        failed = status is Status.FAILED
        if failed and job.ttl > 0:
            seconds = max(job.ttl, self.failed_seconds)
        if failed and job.key.startswith(CRON):
            # The schedule needs the key for the next run, which would replace this one.
            kept = self.copy(job)
            kept.key = f"{job.key}:{job.scheduled}"
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.lrem(self._active, 1, job.id)
            pipe.zrem(self._incomplete, job.id)
            if kept is not job or seconds < 0:
                pipe.delete(job.id)
            if seconds >= 0:
                pipe.set(kept.id, self.serialize(kept), ex=seconds or None)
            if failed:
                pipe.zadd(self._failed, {kept.id: job.completed})
                pipe.zremrangebyscore(self._failed, 0, job.completed - 1000 * self.failed_seconds)
            batches.note_end(pipe, self, job, status)
            pipe.publish(job.id, job.status)
            await pipe.execute()

    async def _revive(self, job: Job) -> None:
        again = job.retryable
        log.warning("worker lost", job=job.function, job_key=job.key, again=again)
        if again:
            await self.retry(job, error="worker lost")
        else:
            await self.finish(job, Status.FAILED, error="worker lost")

    def lost(self, error: Exception, asked: float) -> None:
        """Say once that the broker is away.

        Args:
            error: How it showed.
            asked: When the broker was asked, in monotonic time. Many questions are under way at
                once, and one from before the last change tells nothing new.
        """
        if not self._lost and asked >= self._changed:
            self._lost, self._changed = True, time.monotonic()
            log.warning("job broker lost", error=type(error).__name__)

    def back(self, asked: float) -> None:
        """Say once that the broker is there again.

        Args:
            asked: When the broker was asked, in monotonic time.
        """
        if self._lost and asked >= self._changed:
            self._lost, self._changed = False, time.monotonic()
            log.info("job broker back")


def _deserted(job: Job) -> bool:
    """Whether the job's worker has stopped its heartbeat.

    A job that runs too long is not deserted: its own worker ends it. Times of jobs are in
    milliseconds.
    """
    if not job.heartbeat:
        return job.stuck
    return job.status is not Status.QUEUED and time.time() * 1000 - job.touched > (
        job.heartbeat * 1000
    )


def age_in_days(job: Job) -> float:
    """How long ago a job ended, in days."""
    return (time.time() - job.completed / 1000) / 86_400


@asynccontextmanager
async def open_queue(
    settings: ChassisSettings, make: Callable[[Redis, ChassisSettings], Q]
) -> AsyncIterator[Q]:
    """Attach the job broker, without waiting for it.

    Args:
        settings: Address of the broker and name of the queue.
        make: Makes the queue of a connection to the broker.
    """
    redis = Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        # On one new connection when the old one broke off; callers have their own patience.
        retry=Retry(NoBackoff(), 1),
    )
    queue = make(redis, settings)
    try:
        yield queue
    finally:
        # SAQ takes leave of the broker, which may be away or silent.
        with suppress(*BROKER_ERRORS, TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await queue.disconnect()
        await redis.aclose()
