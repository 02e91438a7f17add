"""Jobs that failed, reported to Sentry."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from saq.job import Job

from ..sentry import report


@asynccontextmanager
async def reported(job: Job) -> AsyncIterator[None]:
    """Report a job's failure once, when no further run can mend it."""
    try:
        yield
    except Exception as error:
        if not job.retryable:
            report(error, where=job.function)
        raise
