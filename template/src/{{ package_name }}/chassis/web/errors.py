"""Every error leaves as problem details (RFC 9457) with the request's id, and none unlogged."""

import traceback
from http import HTTPStatus
from http.client import responses
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from ..errors import BackingServiceUnavailable
from .context import current_request_id

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 5

AnyRequest = Request[Any, Any, Any]

log = structlog.get_logger(__name__)


def problem(
    request: AnyRequest,
    status: int,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **extra: object,
) -> Response[dict[str, object]]:
    """Make an answer of RFC 9457.

    Args:
        request: The request that failed.
        status: HTTP status code.
        detail: One sentence for the client.
        headers: Further headers of the answer.
        extra: Further members of the document.
    """
    return Response(
        {
            "type": "about:blank",
            "title": responses.get(status, "Error"),
            "status": status,
            "detail": detail,
            "instance": request.url.path,
            "request_id": current_request_id(),
            **extra,
        },
        status_code=status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def http_exception(request: AnyRequest, exception: HTTPException) -> Response[dict[str, object]]:
    """Answer for an exception that says its own status."""
    extra: dict[str, object] = {}
    if isinstance(exception, ValidationException) and exception.extra:
        extra["errors"] = exception.extra
    if exception.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", exc_info=exception)
    return problem(
        request, exception.status_code, exception.detail, headers=exception.headers, **extra
    )


def unavailable(
    request: AnyRequest, exception: BackingServiceUnavailable
) -> Response[dict[str, object]]:
    """Tell the client to come back when a backing service is away."""
    log.warning("backing service unavailable", error=str(exception))
    return problem(
        request,
        503,
        f"{exception} Try again.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def unexpected(request: AnyRequest, exception: Exception) -> Response[dict[str, object]]:
    """Answer for everything else: logged with its traceback, and silent unless debug is on."""
    log.error("request failed", exc_info=exception)
    extra: dict[str, object] = {}
    if request.app.debug:
        extra["traceback"] = "".join(traceback.format_exception(exception))
    detail = "The request could not be completed; it has been logged."
    return problem(request, 500, detail, headers=None, **extra)
