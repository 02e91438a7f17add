"""Jobs as clients see them: accepted, under way, done."""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response
from litestar.exceptions import NotFoundException
from saq.job import Job

from ..jobs.functions import JobFunction
from ..jobs.queue import JobQueue


class JobState(msgspec.Struct):
    """How far a job is."""

    key: str
    status: str
    progress: float
    result: Any = None


def accepted(job: Job, path: str) -> Response[JobState]:
    """Answer 202 for a job that was handed to a worker.

    Args:
        job: The job.
        path: Route below which its state is found.
    """
    headers = {"Location": f"{path}/{quote(job.key, safe=':@')}"}
    return Response(_state(job), status_code=202, headers=headers)


async def state_of(queue: JobQueue, function: JobFunction[..., Any], key: str) -> JobState:
    """Look up the state of a job.

    Args:
        queue: Where it was put.
        function: What it runs; jobs of other functions are not shown.
        key: Its key, as the client gave it.

    Raises:
        NotFoundException: When there is no such job, or none any more.
    """
    job = await queue.find(key)
    if job is None or job.function != function.name:
        raise NotFoundException("There is no such job, or its result is no longer kept.")
    return _state(job)


def _state(job: Job) -> JobState:
    return JobState(job.key, job.status.value, job.progress, job.result)
