"""Traces of jobs, which are those of whoever queued them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry.trace import SpanKind
from saq.job import Job

from ..tracing import current_tracer
from ..tracing_sdk import Spanning, propagator, tell_trace
from .queue import JobQueue


def trace_jobs(queue: JobQueue) -> None:
    """Have each job that is queued take its place in the present trace along.

    Args:
        queue: The queue.
    """
    queue.register_before_enqueue(_carry)


async def _carry(job: Job) -> None:
    propagator.inject(job.meta)


@asynccontextmanager
async def traced(job: Job) -> AsyncIterator[None]:
    """Make the run of a job a span."""
    tracer = current_tracer()
    if tracer is None:
        yield
        return
    with Spanning(
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
        tell_trace(span)
        yield
