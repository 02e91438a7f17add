"""The job queue: SAQ's Redis queue, with crash recovery and tolerance of broker outages.

Differences from SAQ's own queue, each with a test that fails without it:

- Jobs of a dead worker are requeued immediately and concurrently; SAQ takes five seconds for each
  and can lose a job meanwhile.
- While the broker is unavailable, dequeuing sleeps instead of looping, and logs this once.
- The request id is stored with the job.
- Failed jobs, also of cron schedules, are stored longer than results, for retries.
- The end of a job is recorded in its batch.
- The start, progress and end of a job are stored and published in one round trip instead of two.
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
from redis.exceptions import RedisError, WatchError
from saq.job import TERMINAL_STATUSES, Job, Status
from saq.queue.redis import RedisQueue

from ..outage import Outage
from ..settings import ChassisSettings
from .batch_keys import BatchKeys
from .broker import RETRIED_ERRORS, BrokerUnavailable, converted_broker_errors
from .functions import RETRY_DELAY_SECONDS, JobFunction
from .keys import new_key
from .values import to_json

Q = TypeVar("Q", bound="JobQueue")
# A task that a worker repeats beside its jobs.
UpkeepTask = Callable[[], Awaitable[None]]

CONNECT_SECONDS = 2
# How long to wait for a job. Short, so that a worker can stop without cancelling the wait: a
# cancelled wait may have removed a job from the queue, which would be lost.
DEQUEUE_SECONDS = 1
RESPONSE_SECONDS = DEQUEUE_SECONDS + 4
BROKER_RETRY_SECONDS = 1.0
LEAVE_SECONDS = 1

# Prefix of the keys of cron jobs.
CRON = "cron:"

# Removes a scheduled job unless it has changed since it was read.
_REMOVE_SCHEDULED = """
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
        redis: Client of the broker.
        settings: Settings of the queue.

    Attributes:
        upkeep_tasks: Tasks that a worker runs every second for the queue.
    """

    upkeep_tasks: Sequence[UpkeepTask] = ()

    def __init__(self, redis: Redis, settings: ChassisSettings) -> None:
        super().__init__(redis, name=settings.job_queue)
        self.heartbeat = settings.job_heartbeat_seconds
        self.failed_seconds = settings.job_failed_seconds
        self._result_seconds = settings.job_result_seconds
        self._suspects = self.namespace("suspects")
        self._failed = self.namespace("failed")
        # redis-py types every command for its sync and async client at once.
        self._commands: Any = redis
        self._outage = Outage("job broker")

    def batch_keys(self, batch: str) -> BatchKeys:
        """The broker's keys of a batch.

        Args:
            batch: Key of the batch.
        """
        return BatchKeys(self.namespace(f"batch:{batch}"), self.failed_seconds)

    async def check(self) -> None:
        """Ping the broker; raises if that fails."""
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
        """Enqueue a job.

        Args:
            function: The job function.
            arguments: Keyword arguments; see `to_json` for their types.
            key: Unique key; if a job with this key is queued or running, no job is added.
            due: When to run the job, in seconds since the epoch; 0 for now.
            batch: Key of the job's batch.

        Returns:
            The job, or the existing one with the same key.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
        """
        return await self._add(self._make(function, arguments, key=key, due=due, batch=batch))

    async def _add(self, job: Job) -> Job:
        with converted_broker_errors():
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
        return Job(
            function.name,
            kwargs=_stored(function, arguments),
            timeout=function.timeout,
            retries=function.retries,
            heartbeat=self.heartbeat,
            retry_delay=RETRY_DELAY_SECONDS,
            retry_backoff=function.retry_delay_limit,
            ttl=self._result_seconds if function.keep is None else function.keep,
            scheduled=due,
            meta={name: value for name, value in meta.items() if value},
            key=new_key() if key is None else key,
        )

    async def find(self, key: str) -> Job | None:
        """Look up a job.

        Args:
            key: Key of the job.

        Returns:
            The job with its state and result, or None if it does not exist or has expired.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
        """
        with converted_broker_errors():
            return await self.job(key)

    async def forget(self, job: Job) -> None:
        """Delete a finished job and its result.

        Args:
            job: The job.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
        """
        with converted_broker_errors():
            await self._commands.delete(job.id)

    async def run_again(self, key: str) -> bool:
        """Requeue a finished job, with its attempts reset.

        Args:
            key: Key of the job.

        Returns:
            Whether the job was requeued. False if it is gone, is not finished, or is being requeued
            concurrently.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
        """
        with converted_broker_errors():
            async with self.redis.pipeline(transaction=True) as pipe:
                # redis-py has no types for a pipeline that watches a key.
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
                if batch := job.meta.get("batch"):
                    self.batch_keys(batch).note_again(pipe, job)
                pipe.publish(job.id, job.status)
                try:
                    await pipe.execute()
                except WatchError:
                    return False
        return True

    async def failed_jobs(self, limit: int) -> list[Job]:
        """List the latest failed jobs that were not run again.

        Args:
            limit: Maximum number of jobs.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
        """
        with converted_broker_errors():
            job_ids = await self._commands.zrevrange(self._failed, 0, limit - 1)
            found = await self._commands.mget(job_ids) if job_ids else []
        jobs = [self.deserialize(payload) for payload in found]
        return [job for job in jobs if job is not None and job.status is Status.FAILED]

    async def iter_jobs(
        self, statuses: Sequence[Status] = tuple(Status), batch_size: int = 100
    ) -> AsyncIterator[Job]:
        """Iterate over all jobs, in no particular order.

        Args:
            statuses: Statuses to include.
            batch_size: Number of jobs that are read at a time.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
        """
        with converted_broker_errors():
            async for job in super().iter_jobs(list(statuses), batch_size):
                yield job

    async def plan(self, function: JobFunction[..., Any], key: str, due: int) -> None:
        """Schedule the next run of a cron job, or reschedule it if its schedule has changed.

        Args:
            function: The job function.
            key: Key of its runs.
            due: Time of the next run, in seconds since the epoch.
        """
        planned = await self._add(self._make(function, {}, key=key, due=due))
        # Leave overdue runs and retries unchanged.
        if planned.scheduled in (0, due) or planned.attempts or planned.scheduled <= time.time():
            return
        removed = await self._commands.eval(
            _REMOVE_SCHEDULED, 2, self._incomplete, self.job_id(key), str(planned.scheduled)
        )
        if removed:
            await self._add(self._make(function, {}, key=key, due=due))

    async def beat(self, job: Job) -> None:
        """Update the heartbeat of a running job.

        A late heartbeat has no effect if the job has ended, was aborted or is run by another
        worker.

        Args:
            job: The job.
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
        """Wait for a job, for at most `DEQUEUE_SECONDS`.

        Returns:
            A job, or None if there is none or the broker is unavailable.
        """
        started = time.monotonic()
        try:
            with converted_broker_errors():
                job = await super().dequeue(timeout or DEQUEUE_SECONDS, poll_interval)
        except BrokerUnavailable as error:
            self.lost(error, started)
            await asyncio.sleep(BROKER_RETRY_SECONDS)
            return None
        self.back(started)
        if job is not None:
            # The worker that runs a job decides how often it updates the heartbeat.
            job.heartbeat = self.heartbeat
        return job

    async def sweep(self, lock: int = 60, abort: float = 5.0) -> list[str]:
        """Requeue jobs of dead workers.

        Args:
            lock: How long no other worker sweeps, in seconds.
            abort: Ignored, because the worker is dead.

        Returns:
            Ids of the requeued jobs.
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
                # Dequeued but not started. If it is still so in the next sweep, its worker is dead.
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
        stored, seconds = job, job.ttl
        failed = status is Status.FAILED
        if failed and job.ttl > 0:
            seconds = max(job.ttl, self.failed_seconds)
        if failed and job.key.startswith(CRON):
            # Store the failed run under another key, because the next run reuses this one.
            stored = self.copy(job)
            stored.key = f"{job.key}:{job.scheduled}"
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.lrem(self._active, 1, job.id)
            pipe.zrem(self._incomplete, job.id)
            if stored is not job or seconds < 0:
                pipe.delete(job.id)
            if seconds >= 0:
                pipe.set(stored.id, self.serialize(stored), ex=seconds or None)
            if failed:
                pipe.zadd(self._failed, {stored.id: job.completed})
                pipe.zremrangebyscore(self._failed, 0, job.completed - 1000 * self.failed_seconds)
            if batch := job.meta.get("batch"):
                self.batch_keys(batch).note_end(pipe, job, status)
            pipe.publish(job.id, job.status)
            await pipe.execute()

    async def _revive(self, job: Job) -> None:
        again = job.retryable
        log.warning("worker lost", job=job.function, job_key=job.key, again=again)
        if again:
            await self.retry(job, error="worker lost")
        else:
            await self.finish(job, Status.FAILED, error="worker lost")

    def lost(self, error: BrokerUnavailable, started: float) -> None:
        """Log once that the broker is unavailable.

        Args:
            error: The error of the command.
            started: Monotonic time at which the command was sent.
        """
        self._outage.lost(error.cause, started=started)

    def back(self, started: float) -> None:
        """Log once that the broker is available again.

        Args:
            started: Monotonic time at which the command was sent.
        """
        self._outage.back(started=started)


def _stored(function: JobFunction[..., Any], arguments: Mapping[str, object]) -> dict[str, object]:
    """Arguments as JSON."""
    stored = {}
    for name, value in arguments.items():
        try:
            stored[name] = to_json(value)
        except TypeError as error:
            what = f"job {function.name}: the argument {name!r}"
            raise TypeError(f"{what} cannot be stored: {error}") from error
    return stored


def _deserted(job: Job) -> bool:
    """Whether the heartbeat of a job has expired.

    A job beyond its timeout is not included, since its own worker ends it. Times of jobs are in
    milliseconds.
    """
    if not job.heartbeat:
        return job.stuck
    return job.status is not Status.QUEUED and time.time() * 1000 - job.touched > (
        job.heartbeat * 1000
    )


def age_in_days(job: Job) -> float:
    """Days since a job ended."""
    return (time.time() - job.completed / 1000) / 86_400


@asynccontextmanager
async def open_queue(
    settings: ChassisSettings, make: Callable[[Redis, ChassisSettings], Q]
) -> AsyncIterator[Q]:
    """Open the queue without connecting to the broker.

    Args:
        settings: Settings with the address of the broker and the name of the queue.
        make: Creates the queue from a client of the broker.
    """
    redis = Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=RESPONSE_SECONDS,
        # Retry once, on a new connection, if the old one is broken.
        retry=Retry(NoBackoff(), 1),
        retry_on_error=RETRIED_ERRORS,
    )
    queue = make(redis, settings)
    try:
        yield queue
    finally:
        # SAQ unregisters at the broker, which may be unavailable.
        with suppress(RedisError, TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await queue.disconnect()
        await redis.aclose()
