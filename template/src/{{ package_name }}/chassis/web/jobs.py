"""Jobs in the HTTP API: accept them, and return their state."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response
from litestar.exceptions import NotFoundException
from saq.job import Job

from ..jobs.functions import JobFunction
from ..jobs.queue import JobQueue


class JobState(msgspec.Struct):
    """State of a job."""

    key: str
    status: str
    progress: float
    result: Any = None


def accepted(job: Job, path: str) -> Response[JobState]:
    """Create a 202 response for a queued job.

    Args:
        job: The job.
        path: Path of the route that returns job states, without the key.
    """
    headers = {"Location": f"{path}/{quote(job.key, safe=':@')}"}
    return Response(_state(job), status_code=202, headers=headers)


async def state_of(
    queue: JobQueue, function: JobFunction[..., Any], key: str, **arguments: object
) -> JobState:
    """Look up the state of a job.

    Args:
        queue: The queue.
        function: Function of the job; jobs of other functions count as missing.
        key: Key of the job.
        arguments: Arguments that the job must have; a job with others counts as missing.

    Raises:
        NotFoundException: If there is no such job, or its result has expired.
    """
    job = await queue.find(key)
    if job is None or job.function != function.name or not _has(function, job, arguments):
        raise NotFoundException("There is no such job, or its result has expired.")
    return _state(job)


def _has(function: JobFunction[..., Any], job: Job, arguments: Mapping[str, object]) -> bool:
    found = function.arguments(job.kwargs or {})
    return all(name in found and found[name] == value for name, value in arguments.items())


def _state(job: Job) -> JobState:
    return JobState(job.key, job.status.value, job.progress, job.result)
