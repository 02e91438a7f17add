"""Spans of jobs, in the traces of the requests or jobs that enqueued them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry.trace import SpanKind
from saq.job import Job

from ..jobs.queue import JobQueue
from . import current_tracer
from .sdk import log_trace_id, propagator, spanning


def trace_jobs(queue: JobQueue) -> None:
    """Add the current trace context to each enqueued job.

    Args:
        queue: The queue.
    """
    queue.register_before_enqueue(_inject)


async def _inject(job: Job) -> None:
    propagator.inject(job.meta)


@asynccontextmanager
async def traced(job: Job) -> AsyncIterator[None]:
    """Create a span for the run of a job."""
    tracer = current_tracer()
    if tracer is None:
        yield
        return
    with spanning(
        tracer,
        job.function,
        kind=SpanKind.CONSUMER,
        parent=propagator.extract(job.meta),
        attributes={
            "messaging.system": "saq",
            "messaging.destination.name": job.get_queue().name,
            "messaging.operation.type": "process",
            "messaging.message.id": job.key,
            "job.attempt": job.attempts,
        },
    ) as span:
        log_trace_id(span)
        yield
