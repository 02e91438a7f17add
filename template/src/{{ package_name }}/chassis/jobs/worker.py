"""The worker: SAQ's, with an orderly end and a beating heart.

Differences from SAQ's own worker, each with a test that fails without it:

- Upkeep ends with the worker instead of sleeping out its timers.
- Every running job's heartbeat is kept by the worker, so that a dead worker's jobs are found.
- While the broker is away, upkeep waits quietly.
- A run that takes too long is a failure that is logged, and no interruption.
- A cron whose schedule changed is planned anew.
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

from ..runtime import Runtime
from .broker import BROKER_ERRORS, BrokerUnavailable
from .functions import JobContext, JobFunction
from .queue import CRON, DEQUEUE_SECONDS, Duty, JobQueue
from .schedule import next_run

WORKER_INFO_SECONDS = 10
DUTY_SECONDS = 1

# What log lines tell of that which travels with a job.
TOLD = ("request_id", "batch")

# What is done around each run of a job: it sees the job begin, and end or fail.
Around = Callable[[Job], AbstractAsyncContextManager[object]]

log = structlog.get_logger(__name__)


class JobWorker(Worker[Context]):
    """A worker that runs the service's jobs until SIGTERM or SIGINT.

    Jobs that have begun are then given `shutdown_seconds` to finish; what has not finished by then
    is handed to another worker.

    Args:
        runtime: Backing services that the jobs use.
        functions: The service's job functions by name.
        around: What is done around each run, the outermost first.
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
        self.runtime = runtime
        self._around = around
        self._crons = [(each.cron, each) for each in functions.values() if each.cron]
        self._beat_seconds = settings.job_heartbeat_seconds / 3

    async def process(self) -> bool:
        """Take one job and run it.

        Returns:
            Whether there was one.
        """
        asked = time.monotonic()
        try:
            return await super().process()
        except BROKER_ERRORS as error:
            # The job is still marked as running; the sweep finds it once the broker is back.
            self.queue.lost(error, asked)
            return False

    async def upkeep(self) -> list[asyncio.Task[None]]:
        """Start what goes on beside the jobs: schedule, sweep, aborts and the list of workers."""

        async def worker_info() -> None:
            await self.worker_info(WORKER_INFO_SECONDS + 1)

        async def abort() -> None:
            await self.abort(self.timers["abort"])

        async def sweep() -> None:
            await self.queue.sweep(self.timers["sweep"])

        log.info("worker ready", jobs=sorted(self.functions), concurrency=self.concurrency)
        duties: list[tuple[Duty, float]] = [
            (abort, self.timers["abort"]),
            (self.schedule, self.timers["schedule"]),
            (sweep, self.timers["sweep"]),
            (worker_info, self.timers["worker_info"]),
            *((duty, DUTY_SECONDS) for duty in self.queue.duties),
        ]
        return [asyncio.create_task(self._repeat(duty, seconds)) for duty, seconds in duties]

    async def schedule(self, lock: int = 1) -> None:
        """Plan the next run of each cron, and queue what is due.

        Args:
            lock: For how long no other worker does this, in seconds.
        """
        now = datetime.now(UTC)
        for cron, function in self._crons:
            due = next_run(cron, function.timezone, now)
            await self.queue.plan(function, f"{CRON}{function.name}", int(due.timestamp()))
        await self.queue.schedule(lock)

    async def _repeat(self, duty: Duty, seconds: float) -> None:
        while not self.event.is_set():
            asked = time.monotonic()
            try:
                await duty()
            except (*BROKER_ERRORS, BrokerUnavailable) as error:
                self.queue.lost(error, asked)
            except Exception:
                log.exception("upkeep failed", duty=duty.__name__)
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
                **{name: job.meta[name] for name in TOLD if name in job.meta},
            )
            start = time.perf_counter()

            async def report(fraction: float) -> None:
                await job.update(progress=fraction)

            with self._beating(job):
                try:
                    async with AsyncExitStack() as stack:
                        for around in self._around:
                            await stack.enter_async_context(around(job))
                        job_context = JobContext(runtime=self.runtime, report=report)
                        with _telling_timeouts(job):
                            result = await function(job_context, **arguments)
                except asyncio.CancelledError:
                    log.warning("job interrupted")
                    raise
                except Exception:
                    log.exception("job failed", again=job.retryable)
                    if (task := asyncio.current_task()) and task.cancelling():
                        # SAQ waits no longer for what it has cancelled, and from Python 3.14 on
                        # asyncio would log the error once more.
                        raise asyncio.CancelledError from None
                    raise
            log.info("job finished", milliseconds=round((time.perf_counter() - start) * 1000, 2))
            return result

        return run

    @contextmanager
    def _beating(self, job: Job) -> Iterator[None]:
        """Keep the job's heartbeat while it runs."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle
        beat: asyncio.Task[None] | None = None

        async def write() -> None:
            asked = time.monotonic()
            try:
                await self.queue.beat(job)
            except BROKER_ERRORS as error:
                self.queue.lost(error, asked)

        def fire() -> None:
            nonlocal beat, timer
            if beat is None or beat.done():
                beat = loop.create_task(write())
            timer = loop.call_later(self._beat_seconds, fire)

        timer = loop.call_later(self._beat_seconds, fire)
        try:
            yield
        finally:
            timer.cancel()
            if beat is not None:
                beat.cancel()


@contextmanager
def _telling_timeouts(job: Job) -> Iterator[None]:
    try:
        yield
    except asyncio.CancelledError as error:
        # SAQ cancels a run that takes too long as it cancels one that is to be interrupted.
        late = time.time() * 1000 - job.started >= job.timeout * 1000
        if job.timeout and late:
            raise TimeoutError(f"not done within {job.timeout} s") from error
        raise


class _OwnFailures(logging.Filter):
    """Drops SAQ's line for a failed job, which the worker has logged with its context."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Error processing job")


_saq = logging.getLogger("saq")
# Its informational lines only repeat what the worker's own say.
_saq.setLevel(logging.WARNING)
_saq.addFilter(_OwnFailures())
