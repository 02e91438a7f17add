"""Error responses if a remote service fails."""

import sys

import structlog
from litestar import Response

from .connections import AnyRequest
from .errors import retry_later, unexpected

log = structlog.get_logger(__name__)


def remote_or_unexpected(request: AnyRequest, exception: Exception) -> Response[dict[str, object]]:
    """Respond with 503 if a remote service is unavailable, otherwise with 500."""
    # Avoid importing httpx unless it is loaded already.
    if "httpx" in sys.modules:
        from httpx import HTTPError

        from ..http_client import why_unavailable

        if isinstance(exception, HTTPError) and (cause := why_unavailable(exception)):
            log.warning("remote service unavailable", host=exception.request.url.host, error=cause)
            return retry_later(request, f"A remote service cannot be reached ({cause}).")
    return unexpected(request, exception)
