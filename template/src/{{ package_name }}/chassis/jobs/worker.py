"""The worker: SAQ's worker with heartbeats and graceful shutdown.

Differences from SAQ's own worker, each with a test that fails without it:

- Upkeep tasks stop with the worker instead of finishing their sleep.
- A thread of the worker updates the heartbeat of its running jobs, so that the jobs of a dead
  worker are found, and none is run twice because its code blocks the event loop.
- A worker whose event loop is blocked ends after SHUTDOWN_SECONDS, too.
- While the broker is unavailable, upkeep tasks wait and do not log errors.
- A job that times out is logged as failed, not as interrupted.
- A cron job with a changed schedule is rescheduled.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from saq.job import Job
from saq.types import Context
from saq.worker import Worker

from ..deadlines import exit_after_signals
from ..runtime import Runtime
from ..stopping import STOPPING
from .broker import BrokerUnavailable, converted_broker_errors
from .context import JobContext
from .failures import PermanentFailure
from .functions import JobFunction
from .heartbeats import Heartbeats
from .queue import CRON, DEQUEUE_SECONDS, JobQueue, UpkeepTask
from .schedule import next_run
from .values import to_json

WORKER_INFO_SECONDS = 10
# How long a worker may take to stop, beyond SHUTDOWN_SECONDS.
LATE_SECONDS = 5
QUEUE_UPKEEP_SECONDS = 1

# Metadata of a job that is added to its log lines.
LOGGED_META = ("request_id", "batch")

# Context manager around each run of a job.
Around = Callable[[Job], AbstractAsyncContextManager[object]]

log = structlog.get_logger(__name__)


class JobWorker(Worker[Context]):
    """Runs the service's jobs until SIGTERM, SIGINT or SIGHUP.

    Running jobs then have `shutdown_seconds` to finish; unfinished ones are returned to the queue.

    Args:
    runtime: The runtime.
    functions: The service's job functions by name.
    around: Context managers around each run, the outermost first.
    """

    queue: JobQueue

    def __init__(
        self,
        runtime: Runtime,
        functions: Mapping[str, JobFunction[..., Any]],
        around: Sequence[Around] = (),
    ) -> None:
        settings = runtime.settings
        sweep = max(1, settings.job_heartbeat_seconds // 3)
        super().__init__(
            runtime.queue,
            [(name, self._runner(function)) for name, function in functions.items()],
            concurrency=settings.job_concurrency,
            dequeue_timeout=DEQUEUE_SECONDS,
            shutdown_grace_period_s=settings.shutdown_seconds,
            timers={
                "schedule": 1,
                "worker_info": WORKER_INFO_SECONDS,
                "sweep": sweep,
                "abort": 1,
            },
            metadata={"release": settings.release},
        )
        self.SIGNALS = list(STOPPING)
        self.runtime = runtime
        self._around = around
        self._crons = [(each.cron, each) for each in functions.values() if each.cron]
        self._heartbeats = Heartbeats(settings, functions)

    async def start(self) -> None:
        """Run jobs until a signal."""
        async with self._heartbeats.running():
            await super().start()

    async def stop(self) -> None:
        """Finish the running jobs, or return them to the queue."""
        seconds = self.runtime.settings.shutdown_seconds
        log.info("worker stopping", running=self._heartbeats.count(), seconds=seconds)
        await super().stop()

    async def process(self) -> bool:
        """Dequeue a job and run it.

        Returns:
            Whether there was a job.
        """
        started = time.monotonic()
        try:
            with converted_broker_errors():
                return await super().process()
        except BrokerUnavailable as error:
            # The job is still marked as running; the sweep requeues it once the broker is back.
            self.queue.lost(error, started)
            return False

    async def upkeep(self) -> list[asyncio.Task[None]]:
        """Start the upkeep tasks: schedule, sweep, aborts and worker info."""

        async def worker_info() -> None:
            await self.worker_info(WORKER_INFO_SECONDS + 1)

        async def abort() -> None:
            await self.abort(self.timers["abort"])

        async def sweep() -> None:
            await self.queue.sweep(self.timers["sweep"])

        if self.SIGNALS:
            seconds = self.runtime.settings.shutdown_seconds + LATE_SECONDS
            exit_after_signals(seconds, 1, "worker did not stop in time")
        log.info("worker ready", jobs=sorted(self.functions), concurrency=self.concurrency)
        tasks: list[tuple[UpkeepTask, float]] = [
            (abort, self.timers["abort"]),
            (self.schedule, self.timers["schedule"]),
            (sweep, self.timers["sweep"]),
            (worker_info, self.timers["worker_info"]),
            *((task, QUEUE_UPKEEP_SECONDS) for task in self.queue.upkeep_tasks),
        ]
        return [asyncio.create_task(self._repeat(task, seconds)) for task, seconds in tasks]

    async def schedule(self, lock: int = 1) -> None:
        """Schedule the next run of each cron job, and enqueue due jobs.

        Args:
            lock: How long no other worker does this, in seconds.
        """
        now = datetime.now(UTC)
        for cron, function in self._crons:
            due = next_run(cron, function.timezone, now)
            await self.queue.plan(function, f"{CRON}{function.name}", int(due.timestamp()))
        await self.queue.schedule(lock)

    async def _repeat(self, task: UpkeepTask, seconds: float) -> None:
        while not self.event.is_set():
            started = time.monotonic()
            try:
                with converted_broker_errors():
                    await task()
            except BrokerUnavailable as error:
                self.queue.lost(error, started)
            except Exception:
                log.exception("upkeep failed", duty=task.__name__)
            try:
                await asyncio.wait_for(self.event.wait(), seconds)
            except TimeoutError:
                continue

    def _runner(self, function: JobFunction[..., Any]) -> Callable[..., Awaitable[Any]]:
        async def run(context: Context, **arguments: Any) -> Any:
            job = context["job"]
            structlog.contextvars.clear_contextvars()
            structlog.contextvars.bind_contextvars(
                job=function.name,
                job_key=job.key,
                attempt=job.attempts,
                **{name: job.meta[name] for name in LOGGED_META if name in job.meta},
            )
            start = time.perf_counter()

            async def report(fraction: float) -> None:
                await job.update(progress=fraction)

            with self._heartbeats.of(job):
                try:
                    async with AsyncExitStack() as stack:
                        for around in self._around:
                            await stack.enter_async_context(around(job))
                        job_context = JobContext(runtime=self.runtime, report=report)
                        with _timeouts_as_errors(job):
                            result = await function(job_context, **function.arguments(arguments))
                        stored = _stored(job, result)
                except asyncio.CancelledError:
                    log.warning("job interrupted")
                    raise
                except Exception as error:
                    if isinstance(error, PermanentFailure):
                        job.retries = job.attempts
                        log.error("job failed", error=str(error), again=False)
                    else:
                        log.exception("job failed", again=job.retryable)
                    if (task := asyncio.current_task()) and task.cancelling():
                        # SAQ ignores the result of a cancelled task, and since Python 3.14
                        # asyncio would log the error again.
                        raise asyncio.CancelledError from None
                    raise
            log.info("job finished", milliseconds=round((time.perf_counter() - start) * 1000, 2))
            return stored

        return run


def _stored(job: Job, result: object) -> object:
    """A job's result as JSON; a job whose result has no form in JSON is not run again."""
    try:
        return to_json(result)
    except TypeError as error:
        job.retries = job.attempts
        raise TypeError(f"the result cannot be stored: {error}") from error


@contextmanager
def _timeouts_as_errors(job: Job) -> Iterator[None]:
    try:
        yield
    except asyncio.CancelledError as error:
        # SAQ cancels a job both when it times out and when it is aborted.
        late = time.time() * 1000 - job.started >= job.timeout * 1000
        if job.timeout and late:
            raise TimeoutError(f"timed out after {job.timeout} s") from error
        raise


class _OwnFailures(logging.Filter):
    """Drops SAQ's log line for a failed job; the worker logs it with its context."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Error processing job")


_saq = logging.getLogger("saq")
# SAQ's info lines only repeat the worker's own.
_saq.setLevel(logging.WARNING)
_saq.addFilter(_OwnFailures())
