"""A page for administrators that shows jobs: SAQ's own, behind a password.

SAQ brings the page as a script, which asks for all else. The routes here are what it asks for, as
parts of this application, so that each of them has the same guard:

- Without a password in the settings there is no page, not even in development.
- Retries and aborts are taken from this page, and not from others that the browser has open.
"""

import gzip
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import structlog
from litestar import MediaType, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException, NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from saq.job import TERMINAL_STATUSES, Job
from saq.web.common import STATIC_PATH, job_dict, render

from ..errors import BackingServiceUnavailable
from ..jobs.broker import reaching_the_broker
from ..jobs.queue import JobQueue
from ..runtime import Runtime
from ..settings import ChassisSettings
from .errors import AnyRequest, problem

PATH = "/jobs-page"
USER = "admin"
# At most this many of each kind are listed: running, waiting, failed.
LISTED = 50

_PAGE = render(root_path=PATH)
# The only script that stands in the page itself.
_SCRIPT = f'const root_path = "{PATH}";'
_SCRIPT_HASH = b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_TYPES = {
    "app.js": "text/javascript",
    "pico.min.css": "text/css",
    "snabbdom.js": "text/javascript",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'self'; script-src 'self' 'sha256-{_SCRIPT_HASH}'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger(__name__)


def jobs_page(settings: ChassisSettings) -> Sequence[Router]:
    """Make the page.

    Args:
        settings: The password.

    Returns:
        Its routes; none without a password.
    """
    password = settings.jobs_page_password.get_secret_value()
    if not password:
        return []
    files = {name: _read(name) for name in _TYPES}

    @get("/static/{name:str}")
    async def static(name: FromPath[str]) -> Response[bytes]:
        """What the page is made of."""
        if name not in files:
            raise HTTPException("There is no such file.", status_code=404)
        return Response(files[name], media_type=_TYPES[name])

    return [
        Router(
            PATH,
            route_handlers=[front, page, static, list_queues, show_queue, show_job, retry, abort],
            guards=[_administrators(password), _from_here],
            exception_handlers={
                BackingServiceUnavailable: _unavailable,
                HTTPException: _refused,
            },
            response_headers=_HEADERS,
            include_in_schema=False,
        )
    ]


@get("/")
async def front(request: AnyRequest) -> Response[Any]:
    """The page; its script takes the address without a slash for another."""
    # Litestar takes the slash off the path.
    if not request.scope["raw_path"].endswith(b"/"):
        return Redirect(f"{PATH}/")
    return Response(_PAGE, media_type=MediaType.HTML)


@get(["/queues/{name:str}", "/queues/{name:str}/jobs/{key:str}"])
async def page() -> Response[str]:
    """The same page, which looks at its own address."""
    return Response(_PAGE, media_type=MediaType.HTML)


@get("/api/queues")
async def list_queues(runtime: NamedDependency[Runtime]) -> dict[str, Any]:
    """How much there is to do, and who does it."""
    with reaching_the_broker():
        return {"queues": [await runtime.queue.info()]}


@get("/api/queues/{name:str}")
async def show_queue(runtime: NamedDependency[Runtime], name: FromPath[str]) -> dict[str, Any]:
    """The queue with its workers, and with jobs that run, wait or have failed."""
    queue = _queue(runtime, name)
    with reaching_the_broker():
        info = await queue.info(jobs=True, limit=LISTED)
    failed = [job.to_dict() for job in await queue.failed_jobs(LISTED)]
    # Not as an object, which the script would not show.
    jobs = [{**job, "kwargs": repr(job.get("kwargs") or {})} for job in [*info["jobs"], *failed]]
    return {"queue": {**info, "jobs": jobs}}


@get("/api/queues/{name:str}/jobs/{key:str}")
async def show_job(
    runtime: NamedDependency[Runtime], name: FromPath[str], key: FromPath[str]
) -> dict[str, Any]:
    """A job with its arguments, result and error."""
    return {"job": job_dict(await _find(_queue(runtime, name), key))}


@post("/api/queues/{name:str}/jobs/{key:str}/retry", status_code=200)
async def retry(
    runtime: NamedDependency[Runtime], name: FromPath[str], key: FromPath[str]
) -> dict[str, Any]:
    """Run a job again that has ended."""
    queue = _queue(runtime, name)
    await _find(queue, key)
    if not await queue.run_again(key):
        raise HTTPException("Only a job that has ended can be run again.", status_code=409)
    log.info("job retried on the page", job_key=key)
    return {}


@post("/api/queues/{name:str}/jobs/{key:str}/abort", status_code=200)
async def abort(
    runtime: NamedDependency[Runtime], name: FromPath[str], key: FromPath[str]
) -> dict[str, Any]:
    """Stop a job that waits or runs."""
    queue = _queue(runtime, name)
    job = await _find(queue, key)
    if job.status in TERMINAL_STATUSES:
        raise HTTPException("The job has ended already.", status_code=409)
    with reaching_the_broker():
        await queue.abort(job, "aborted on the page")
    log.info("job aborted on the page", job_key=key)
    return {}


def _administrators(password: str) -> Guard:
    """Let those in who know the password."""
    expected = hashlib.sha256(f"{USER}:{password}".encode()).digest()

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        given = connection.headers.get("Authorization", "")
        # Digests are of one length, so that the time this takes tells nothing.
        if not hmac.compare_digest(hashlib.sha256(_credentials(given)).digest(), expected):
            if given:
                log.warning("wrong password for the jobs page")
            raise NotAuthorizedException(
                "The jobs page has a password.",
                headers={"WWW-Authenticate": 'Basic realm="jobs", charset="UTF-8"'},
            )

    return guard


def _credentials(header: str) -> bytes:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(encoded, validate=True)
    except ValueError:
        return b""


def _from_here(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse what another site makes a browser do that knows the password."""
    if connection.scope.get("method") != "GET" and not _same_origin(connection.headers):
        raise PermissionDeniedException("This is done on the jobs page alone.")


def _same_origin(headers: Headers) -> bool:
    if (site := headers.get("Sec-Fetch-Site")) is not None:
        return site == "same-origin"
    # Browsers leave that out where the connection is not encrypted; this they always send.
    host, origin = headers.get("Host", ""), headers.get("Origin", "")
    return bool(host) and origin.partition("://")[2] == host


def _queue(runtime: Runtime, name: str) -> JobQueue:
    if name != runtime.queue.name:
        raise HTTPException("There is no such queue.", status_code=404)
    return runtime.queue


async def _find(queue: JobQueue, key: str) -> Job:
    job = await queue.find(key)
    if job is None:
        raise HTTPException("There is no such job, or none any more.", status_code=404)
    return job


def _refused(request: AnyRequest, exception: HTTPException) -> Response[dict[str, object]]:
    detail = exception.detail
    # The script shows what is called an error.
    return problem(request, exception.status_code, detail, headers=exception.headers, error=detail)


def _unavailable(
    request: AnyRequest, exception: BackingServiceUnavailable
) -> Response[dict[str, object]]:
    return problem(request, 503, str(exception), error=str(exception))


def _read(name: str) -> bytes:
    path = STATIC_PATH / name
    # SAQ packs what it has from others.
    content = (
        path.read_bytes()
        if path.exists()
        else gzip.decompress(path.with_name(f"{name}.gz").read_bytes())
    )
    # The script's link from a job to the queue forgets where the page is.
    return content.replace(b'href: "/queues/"', b'href: root_path + "/queues/"')
