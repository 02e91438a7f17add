"""Rate limits over all processes.

Add a limit to the middleware of routes:

    @get("/search", middleware=[RateLimit("search", requests=100, seconds=60)])

Responses have the headers of the IETF draft draft-ietf-httpapi-ratelimit-headers.
"""

from collections.abc import Callable

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import TooManyRequestsException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ..clients import client_group
from ..redis import RedisUnavailable
from ..runtime import Runtime
from .connections import Connection, client_address


def _client(connection: Connection) -> str:
    return client_group(client_address(connection))


class RateLimit(ASGIMiddleware):
    """Allow a number of requests per client and time window, then respond with 429.

    The window begins with a client's first request. While Redis is unavailable, all requests are
    allowed.

    Args:
        name: Name of the limit; limits with the same name share their counters.
        requests: Number of requests per client and window.
        seconds: Length of the window, in seconds.
        by: Function that returns the client's key; by default its address, or the /64 network of an
            IPv6 address.

    Raises:
        ValueError: If `requests` or `seconds` is not positive, or the name is invalid.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(
        self,
        name: str,
        *,
        requests: int,
        seconds: int,
        by: Callable[[Connection], str] = _client,
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
        """Count a request, and allow or reject it."""
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
                f"More than {self.requests} requests in {self.seconds} s: retry in {reset} s.",
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
