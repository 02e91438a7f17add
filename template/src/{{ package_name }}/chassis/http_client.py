"""HTTP client for requests to other services, with retries and a total timeout.

Idempotent requests are retried with exponential backoff, or as Retry-After says, while the other
service is unavailable or overloaded. The current request id is sent along.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
import structlog

from .current import current
from .proxies import ProxyTransport, proxies_of
from .settings import ChassisSettings

REQUEST_ID_HEADER = "X-Request-ID"

FIRST_DELAY_SECONDS = 0.2
MAX_DELAY_SECONDS = 5.0

# Errors of an unavailable service, and statuses of an unavailable or overloaded one.
UNAVAILABLE = (
    httpx.NetworkError,
    httpx.ProxyError,
    httpx.RemoteProtocolError,
    httpx.TimeoutException,
)
OVERLOADED = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}

# With these errors, nothing was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_IDEMPOTENT = {"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"}

Around = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]

log = structlog.get_logger(__name__)


class HttpClient(httpx.AsyncClient):
    """httpx's client with timeouts, retries and request ids.

    Args:
        settings: Settings with timeouts, number of retries and proxy.
        around: Wraps the transport.
        name: Name of the service for the User-Agent; by default that of this process.
    """

    def __init__(
        self, settings: ChassisSettings, around: Around | None = None, *, name: str = ""
    ) -> None:
        transport = ProxyTransport(proxies_of(settings))
        super().__init__(
            transport=around(transport) if around else transport,
            headers={"User-Agent": f"{name or current().name}/{settings.release}"},
            timeout=httpx.Timeout(
                settings.http_silence_seconds, connect=settings.http_connect_seconds
            ),
            # Store no cookies: they would be shared by the requests of all users.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self._retries = settings.http_retries
        self._total_seconds = settings.http_total_seconds

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request, and retry it if necessary.

        Args:
            request: The request.
            options: Options of `httpx.AsyncClient.send`.

        Returns:
            The last response, which can still be that of an overloaded service.

        Raises:
            httpx.TransportError: If there was no response.
        """
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id:
            request.headers.setdefault(REQUEST_ID_HEADER, request_id)
        deadline = time.monotonic() + self._total_seconds
        try:
            async with asyncio.timeout(self._total_seconds) as limit:
                for retry in range(self._retries):
                    try:
                        response = await super().send(request, **options)
                    except UNAVAILABLE as error:
                        cause = type(error).__name__
                        again = _repeatable(request, sent=not isinstance(error, _NOT_SENT))
                        delay = _delay(retry)
                        if not again or time.monotonic() + delay > deadline:
                            raise
                    else:
                        cause = f"status {response.status_code}"
                        again = response.status_code in OVERLOADED and _repeatable(request)
                        delay = max(_delay(retry), _retry_after(response))
                        if not again or time.monotonic() + delay > deadline:
                            return response
                        await response.aclose()
                    log.info(
                        "request sent again",
                        method=request.method,
                        host=request.url.host,
                        cause=cause,
                        pause=round(delay, 3),
                    )
                    await asyncio.sleep(delay)
                return await super().send(request, **options)
        except TimeoutError as error:
            if not limit.expired():
                raise
            message = f"no response within {self._total_seconds} s"
            raise httpx.ReadTimeout(message, request=request) from error


def why_unavailable(error: httpx.HTTPError) -> str | None:
    """Short reason why another service is unavailable or overloaded.

    Args:
        error: Exception of a request or of `raise_for_status`.

    Returns:
        The reason, without addresses; None for other errors.
    """
    if isinstance(error, UNAVAILABLE):
        return type(error).__name__
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        if status in OVERLOADED or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"status {status}"
    return None


def _repeatable(request: httpx.Request, *, sent: bool = True) -> bool:
    # A stream can only be sent once.
    if not isinstance(request.stream, httpx.ByteStream):
        return False
    harmless = request.method in _IDEMPOTENT or "Idempotency-Key" in request.headers
    return harmless or not sent


def _delay(retry: int) -> float:
    longest = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**retry)
    # Random, so that concurrent failures are not all retried at the same time.
    return random.uniform(longest / 2, longest)  # noqa: S311


def _retry_after(response: httpx.Response) -> float:
    """Delay in the header Retry-After, in seconds."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


# httpx logs the URL of every request, which may contain secrets.
logging.getLogger("httpx").setLevel(logging.WARNING)
# Its debug lines contain headers.
logging.getLogger("httpcore").setLevel(logging.WARNING)
