"""Reports of failed jobs to Sentry."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from saq.job import Job

from . import report


@asynccontextmanager
async def reported(job: Job) -> AsyncIterator[None]:
    """Report the failure of a job if it will not be retried."""
    try:
        yield
    except Exception as error:
        if not job.retryable:
            report(error, where=job.function)
        raise
