"""Jobs page for administrators: SAQ's web UI, protected by a password.

SAQ's UI is a script that calls an API. The routes of that API are here, so that all have the same
guards:

- Without a password in the settings, there is no page, not even in development.
- Retry and abort requests are only accepted from this page, not from other sites.
"""

import gzip
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import structlog
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from saq.job import TERMINAL_STATUSES, Job
from saq.web.common import STATIC_PATH, job_dict, render

from ..clients import client_group
from ..errors import BackingServiceUnavailable
from ..jobs.broker import converted_broker_errors
from ..jobs.queue import JobQueue
from ..runtime import Runtime
from ..settings import ChassisSettings
from .connections import AnyRequest, Connection, client_address, same_origin
from .errors import problem

PATH = "/jobs-page"
USER = "admin"
# Maximum number of wrong passwords of a client, and their time window.
ATTEMPTS = 100
WINDOW_SECONDS = 300
# Maximum number of running, queued and failed jobs in a list.
LIST_LIMIT = 50

_TYPES = {
    "app.js": "text/javascript",
    "pico.min.css": "text/css",
    "snabbdom.js": "text/javascript",
}

log = structlog.get_logger(__name__)


def jobs_page(settings: ChassisSettings) -> Sequence[Router]:
    """Create the routes of the page.

    Args:
        settings: Settings with the password.

    Returns:
        The routes; none without a password.
    """
    password = settings.jobs_page_password.get_secret_value()
    if not password:
        return []
    files = {name: _read(name) for name in _TYPES}

    @get("/static/{name:str}")
    async def static(name: FromPath[str]) -> Response[bytes]:
        """Return a static file of the page."""
        if name not in files:
            raise HTTPException("There is no such file.", status_code=404)
        return Response(files[name], media_type=_TYPES[name])

    return [
        Router(
            PATH,
            route_handlers=[front, page, static, list_queues, show_queue, show_job, retry, abort],
            guards=[_administrators(password), _same_origin_only],
            exception_handlers={
                BackingServiceUnavailable: _unavailable,
                HTTPException: _refused,
            },
            response_headers=_headers(settings.path_prefix + PATH),
            include_in_schema=False,
        )
    ]


@get("/")
async def front(request: AnyRequest) -> Response[Any]:
    """Return the page; its script needs the slash at the end of the path."""
    # Litestar strips the slash from `path`.
    if not request.scope["raw_path"].endswith(b"/"):
        return Redirect(f"{_root_path(request)}/")
    return Response(render(root_path=_root_path(request)), media_type=MediaType.HTML)


@get(["/queues/{name:str}", "/queues/{name:str}/jobs/{key:str}"])
async def page(request: AnyRequest) -> Response[str]:
    """Return the same page; its script reads the path."""
    return Response(render(root_path=_root_path(request)), media_type=MediaType.HTML)


@get("/api/queues")
async def list_queues(runtime: NamedDependency[Runtime]) -> dict[str, Any]:
    """List the queue with its counts and workers."""
    with converted_broker_errors():
        return {"queues": [await runtime.queue.info()]}


@get("/api/queues/{name:str}")
async def show_queue(runtime: NamedDependency[Runtime], name: FromPath[str]) -> dict[str, Any]:
    """Return the queue with its workers and its running, queued and failed jobs."""
    queue = _queue(runtime, name)
    with converted_broker_errors():
        info = await queue.info(jobs=True, limit=LIST_LIMIT)
    failed = [job.to_dict() for job in await queue.failed_jobs(LIST_LIMIT)]
    # As text, because the script does not show objects.
    jobs = [{**job, "kwargs": repr(job.get("kwargs") or {})} for job in [*info["jobs"], *failed]]
    return {"queue": {**info, "jobs": jobs}}


@get("/api/queues/{name:str}/jobs/{key:str}")
async def show_job(
    runtime: NamedDependency[Runtime], name: FromPath[str], key: FromPath[str]
) -> dict[str, Any]:
    """Return a job with its arguments, result and error."""
    return {"job": job_dict(await _find(_queue(runtime, name), key))}


@post("/api/queues/{name:str}/jobs/{key:str}/retry", status_code=200)
async def retry(
    runtime: NamedDependency[Runtime], name: FromPath[str], key: FromPath[str]
) -> dict[str, Any]:
    """Run a finished job again."""
    queue = _queue(runtime, name)
    await _find(queue, key)
    if not await queue.run_again(key):
        raise HTTPException("Only a finished job can be run again.", status_code=409)
    log.info("job retried on the page", job_key=key)
    return {}


@post("/api/queues/{name:str}/jobs/{key:str}/abort", status_code=200)
async def abort(
    runtime: NamedDependency[Runtime], name: FromPath[str], key: FromPath[str]
) -> dict[str, Any]:
    """Abort a queued or running job."""
    queue = _queue(runtime, name)
    job = await _find(queue, key)
    if job.status in TERMINAL_STATUSES:
        raise HTTPException("The job is already finished.", status_code=409)
    with converted_broker_errors():
        await queue.abort(job, "aborted on the page")
    log.info("job aborted on the page", job_key=key)
    return {}


def _root_path(request: AnyRequest) -> str:
    return str(request.scope.get("root_path", "")) + PATH


def _headers(root_path: str) -> dict[str, str]:
    # The only inline script of the page.
    script = f'const root_path = "{root_path}";'
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            f"default-src 'self'; script-src 'self' 'sha256-{digest}'; img-src 'self' data:; "
            "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _administrators(password: str) -> Guard:
    """Create a guard that checks the password, for at most `ATTEMPTS` wrong ones of a client."""
    expected = hashlib.sha256(f"{USER}:{password}".encode()).digest()

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        given = connection.headers.get("Authorization", "")
        queue: JobQueue = connection.app.state.runtime.queue
        address = client_address(connection)
        key = f"jobs-page:{queue.name}:attempts:{client_group(address)}"
        # Count before comparing, so that concurrent requests cannot exceed the limit.
        if given and await _count(queue, key, 1) > ATTEMPTS:
            log.warning("jobs page throttled", client=address)
            raise TooManyRequestsException(
                "Too many wrong passwords: try again later.",
                headers={"Retry-After": str(WINDOW_SECONDS)},
            )
        # Compare digests of equal length in constant time.
        if not hmac.compare_digest(hashlib.sha256(_credentials(given)).digest(), expected):
            if given:
                log.warning("wrong password for the jobs page", client=address)
            raise NotAuthorizedException(
                "The jobs page requires a password.",
                headers={"WWW-Authenticate": 'Basic realm="jobs", charset="UTF-8"'},
            )
        await _count(queue, key, -1)

    return guard


async def _count(queue: JobQueue, key: str, change: int) -> int:
    """Change the number of a client's attempts, which expires at the end of its time window."""
    with converted_broker_errors():
        async with queue.redis.pipeline(transaction=True) as commands:
            commands.incrby(key, change)
            commands.expire(key, WINDOW_SECONDS, nx=True)
            number, _ = await commands.execute()
    return int(number)


def _credentials(header: str) -> bytes:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(encoded, validate=True)
    except ValueError:
        return b""


def _same_origin_only(connection: Connection, _: BaseRouteHandler) -> None:
    """Reject cross-site requests, to which browsers add the password (CSRF)."""
    if connection.scope.get("method") != "GET" and not same_origin(connection.headers):
        raise PermissionDeniedException("This request does not come from the jobs page.")


def _queue(runtime: Runtime, name: str) -> JobQueue:
    if name != runtime.queue.name:
        raise HTTPException("There is no such queue.", status_code=404)
    return runtime.queue


async def _find(queue: JobQueue, key: str) -> Job:
    job = await queue.find(key)
    if job is None:
        raise HTTPException("There is no such job, or it has expired.", status_code=404)
    return job


def _refused(request: AnyRequest, exception: HTTPException) -> Response[dict[str, object]]:
    detail = exception.detail
    # The script shows the member `error`.
    return problem(request, exception.status_code, detail, headers=exception.headers, error=detail)


def _unavailable(
    request: AnyRequest, exception: BackingServiceUnavailable
) -> Response[dict[str, object]]:
    return problem(request, 503, str(exception), error=str(exception))


def _read(name: str) -> bytes:
    path = STATIC_PATH / name
    # SAQ compresses third-party files.
    content = (
        path.read_bytes()
        if path.exists()
        else gzip.decompress(path.with_name(f"{name}.gz").read_bytes())
    )
    # Fix the script's link from a job to the queue, which ignores the root path.
    return content.replace(b'href: "/queues/"', b'href: root_path + "/queues/"')
