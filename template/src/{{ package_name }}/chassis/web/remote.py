"""What it means for a request that another service failed."""

import sys

import structlog
from litestar import Response

from .errors import AnyRequest, come_back, unexpected

log = structlog.get_logger(__name__)


def remote_or_unexpected(request: AnyRequest, exception: Exception) -> Response[dict[str, object]]:
    """Answer 503 when another service is away or overrun, and 500 for what nobody expected."""
    # Whoever raises an error of httpx has imported it, and nobody else need pay for that.
    if "httpx" in sys.modules:
        from httpx import HTTPError

        from ..http_client import why_away

        if isinstance(exception, HTTPError) and (cause := why_away(exception)):
            log.warning("remote service unavailable", host=exception.request.url.host, error=cause)
            return come_back(request, f"A remote service cannot be reached ({cause}).")
    return unexpected(request, exception)
