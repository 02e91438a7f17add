"""Outermost layer of the web application: request ids and the access log.

It wraps the whole application, because middleware inside Litestar does not run for unknown routes
and wrong methods.
"""

import random
import re
import time
from collections.abc import Awaitable
from http import HTTPStatus

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

from .access import AccessLog, sender
from .websockets import WebSockets

REQUEST_ID_HEADER = "X-Request-ID"
# Requested every few seconds, so successful ones are logged at level debug.
PROBES = "/health/"

_HEADER = REQUEST_ID_HEADER.lower().encode()
_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


class RequestContext:
    """ASGI application that gives every request an id, and logs every response.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._websockets = WebSockets(app)
        self._access = AccessLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP:
            _begin_websocket(scope)
            await self._websockets(scope, receive, send)
            return

        start = time.perf_counter_ns()
        request_id = _request_id(scope)
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        status = 500
        is_probe = scope["path"].startswith(PROBES)

        # Not async, to save a coroutine for each message.
        def send_with_id(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_HEADER, request_id.encode())]
            return send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            self._access.add(
                {
                    "event": "request",
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "milliseconds": (time.perf_counter_ns() - start) // 10_000 / 100,
                    **sender(scope),
                },
                "debug" if is_probe and status == HTTPStatus.OK else "info",
            )


def current_request_id() -> str | None:
    """Id of the current request."""
    request_id: str | None = get_contextvars().get("request_id")
    return request_id


def _begin_websocket(scope: Scope) -> None:
    # Startup and shutdown have no id.
    if scope["type"] == ScopeType.WEBSOCKET:
        clear_contextvars()
        bind_contextvars(request_id=_request_id(scope))


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == _HEADER and _ACCEPTABLE.fullmatch(value):
            return value.decode("ascii")
    # An id need not be unpredictable, so avoid the system call of a secure random number.
    return random.getrandbits(128).to_bytes(16).hex()
