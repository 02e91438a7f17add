"""Rate limits that hold over all processes.

A limit is a middleware of the routes that it is for:

    @get("/search", middleware=[RateLimit("search", requests=100, seconds=60)])

Answers tell how much is left, in the fields of the IETF's draft-ietf-httpapi-ratelimit-headers.
"""

from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import TooManyRequestsException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ..redis import RedisUnavailable
from ..runtime import Runtime

Connection = ASGIConnection[Any, Any, Any, Any]


def client_address(connection: Connection) -> str:
    """Address of the client, as far as TRUSTED_PROXIES lets it be known."""
    return connection.client.host if connection.client else ""


class RateLimit(ASGIMiddleware):
    """Lets so many requests of a client through in a window of time, and answers 429 to others.

    The window begins with a client's first request. While Redis is away everything is let through:
    a limit protects the service, and must not be what stops it.

    Args:
        name: What the limit is called; routes whose limits share a name share the count.
        requests: How many requests a client may make in a window.
        seconds: Length of the window, in seconds.
        by: Tells clients apart.

    Raises:
        ValueError: If `requests` or `seconds` is not positive, or the name is not plain.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(
        self,
        name: str,
        *,
        requests: int,
        seconds: int,
        by: Callable[[Connection], str] = client_address,
    ) -> None:
        if requests < 1 or seconds < 1:
            raise ValueError(f"rate limit {name!r}: requests and seconds must be at least 1")
        if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
            raise ValueError(f"rate limit {name!r}: use letters, digits, dashes and underscores")
        self.name = name
        self.requests = requests
        self.seconds = seconds
        self.by = by
        self._policy = (
            b"ratelimit-policy",
            f'"{name}";q={requests};w={seconds}'.encode(),
        )

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Count a request, and let it through or refuse it."""
        connection: Connection = ASGIConnection(scope, receive, send)
        runtime: Runtime = connection.app.state.runtime
        key = f"rate-limit:{self.name}:{self.by(connection)}"
        try:
            count, milliseconds = await runtime.redis.count(key, self.seconds)
        except RedisUnavailable:
            await next_app(scope, receive, send)
            return
        left = max(0, self.requests - count)
        reset = max(1, -(-milliseconds // 1000))
        limit = (b"ratelimit", f'"{self.name}";r={left};t={reset}'.encode())
        if count > self.requests:
            raise TooManyRequestsException(
                f"More than {self.requests} requests in {self.seconds} s: come back in {reset} s.",
                headers={
                    "Retry-After": str(reset),
                    **{name.decode(): value.decode() for name, value in (self._policy, limit)},
                },
            )

        async def send_with_limit(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], self._policy, limit]
            await send(message)

        await next_app(scope, receive, send_with_limit)
