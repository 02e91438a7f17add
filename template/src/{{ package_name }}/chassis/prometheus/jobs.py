"""Metrics of jobs and of the queue."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from redis.exceptions import RedisError
from saq.job import Job

from ..jobs.queue import JobQueue
from ..runtime import CHECK_SECONDS

_UNAVAILABLE = (RedisError, TimeoutError)

# Buckets in seconds, for short and long jobs.
BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600)

_runs = Counter("job_runs_total", "Runs of jobs, by how they ended.", ["job", "outcome"])
_seconds = Histogram(
    "job_run_duration_seconds", "How long runs of jobs took.", ["job"], buckets=BUCKETS
)
_in_progress = Gauge("job_runs_in_progress", "Runs of jobs in progress.", ["job"])


@asynccontextmanager
async def measured(job: Job) -> AsyncIterator[None]:
    """Measure a run of a job.

    The outcome is `complete`, `retry` for a failure that will be retried, `failed` for the last
    failure, or `interrupted` if the worker stopped or the job was aborted.
    """
    in_progress = _in_progress.labels(job.function)
    in_progress.inc()
    start = time.perf_counter()
    outcome = "interrupted"
    try:
        yield
        outcome = "complete"
    except Exception:
        outcome = "retry" if job.retryable else "failed"
        raise
    finally:
        in_progress.dec()
        _runs.labels(job.function, outcome).inc()
        _seconds.labels(job.function).observe(time.perf_counter() - start)


class QueueDepth:
    """Collector of the number of unfinished jobs.

    While the broker is unavailable, there is no such metric, since an old value would be wrong.

    Args:
        queue: The open queue of the running event loop.
    """

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._loop = asyncio.get_running_loop()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Query the broker; called from a thread other than the event loop's."""
        counting = asyncio.run_coroutine_threadsafe(_count(self._queue), self._loop)
        try:
            counts = counting.result(CHECK_SECONDS)
        except _UNAVAILABLE:
            counting.cancel()
            return
        depth = GaugeMetricFamily(
            "job_queue_depth", "Jobs that have not ended.", labels=["queue", "state"]
        )
        for state, count in counts.items():
            depth.add_metric([self._queue.name, state], count)
        yield depth


async def _count(queue: JobQueue) -> dict[str, int]:
    async with queue.redis.pipeline(transaction=False) as pipe:
        pipe.llen(queue.namespace("queued"))
        pipe.llen(queue.namespace("active"))
        # Jobs that are not scheduled have the score zero.
        pipe.zcount(queue.namespace("incomplete"), 1, "+inf")
        queued, active, scheduled = await pipe.execute()
    return {"queued": queued, "active": active, "scheduled": scheduled}
