"""Requests to other services: one client for a process, patient for a bounded time.

What does no harm twice is sent again while the other service is away or overrun, after growing
pauses or when the service asks for it. The request id at hand goes with it.
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

from .. import app as service
from .settings import ChassisSettings

REQUEST_ID_HEADER = "X-Request-ID"

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0

# Errors of a service that is away, and answers of one that is away or overrun.
AWAY = (httpx.NetworkError, httpx.ProxyError, httpx.RemoteProtocolError, httpx.TimeoutException)
OVERRUN = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}

# Nothing was sent before these.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_IDEMPOTENT = {"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"}

Around = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]

log = structlog.get_logger(__name__)


class HttpClient(httpx.AsyncClient):
    """httpx's client, with the service's times, retries and ids.

    Args:
        settings: Times, number of retries and proxy.
        around: What is put around each that is sent.
    """

    def __init__(self, settings: ChassisSettings, around: Around | None = None) -> None:
        transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport(
            proxy=settings.http_proxy_url.get_secret_value() or None,
            # Nothing but the settings reads the environment.
            trust_env=False,
        )
        super().__init__(
            transport=around(transport) if around else transport,
            headers={"User-Agent": f"{service.NAME}/{settings.release}"},
            timeout=httpx.Timeout(
                settings.http_silence_seconds, connect=settings.http_connect_seconds
            ),
            # What a service sets in an answer to one client is not for another's requests.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self._retries = settings.http_retries
        self._total_seconds = settings.http_total_seconds

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request, more than once if need be.

        Args:
            request: The request.
            options: Those of `httpx.AsyncClient.send`.

        Returns:
            The last answer, which may still be that of a service that is overrun.

        Raises:
            httpx.TransportError: When there was no answer.
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
                    except AWAY as error:
                        cause = type(error).__name__
                        again = _repeatable(request, sent=not isinstance(error, _NOT_SENT))
                        pause = _pause(retry)
                        if not again or time.monotonic() + pause > deadline:
                            raise
                    else:
                        cause = f"status {response.status_code}"
                        again = response.status_code in OVERRUN and _repeatable(request)
                        pause = max(_pause(retry), _asked_for(response))
                        if not again or time.monotonic() + pause > deadline:
                            return response
                        await response.aclose()
                    log.info(
                        "request sent again",
                        method=request.method,
                        host=request.url.host,
                        cause=cause,
                        pause=round(pause, 3),
                    )
                    await asyncio.sleep(pause)
                return await super().send(request, **options)
        except TimeoutError as error:
            if not limit.expired():
                raise
            late = f"no answer within {self._total_seconds} s"
            raise httpx.ReadTimeout(late, request=request) from error


def why_away(error: httpx.HTTPError) -> str | None:
    """Say in a few words why another service is away or overrun.

    Args:
        error: What a request or `raise_for_status` raised.

    Returns:
        The cause, without addresses; None if the error means something else.
    """
    if isinstance(error, AWAY):
        return type(error).__name__
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        if status in OVERRUN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"status {status}"
    return None


def _repeatable(request: httpx.Request, *, sent: bool = True) -> bool:
    # A stream is used up when it has been sent once.
    if not isinstance(request.stream, httpx.ByteStream):
        return False
    harmless = request.method in _IDEMPOTENT or "Idempotency-Key" in request.headers
    return harmless or not sent


def _pause(retry: int) -> float:
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**retry)
    # Those that failed at the same time are not to come back at the same time.
    return random.uniform(longest / 2, longest)  # noqa: S311


def _asked_for(response: httpx.Response) -> float:
    """Pause that the service asks for, in seconds."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


# It tells every request with its whole address, in which secrets may be.
logging.getLogger("httpx").setLevel(logging.WARNING)
# Its lines for debugging hold headers.
logging.getLogger("httpcore").setLevel(logging.WARNING)
