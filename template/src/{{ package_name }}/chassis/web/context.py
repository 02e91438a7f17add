"""The outermost layer of the web application: request id, access log, last line of defence.

It wraps the whole application, because middleware inside Litestar does not run for unknown routes
and wrong methods.
"""

import random
import re
import time

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID_HEADER = "X-Request-ID"

_HEADER = REQUEST_ID_HEADER.lower().encode()
_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._:-]{1,128}")

log = structlog.get_logger("access")


class RequestContext:
    """ASGI application that gives every request an id and every answer an access line.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        # A module's logger would look its settings up anew for each request.
        self.log = log.bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return

        start = time.perf_counter()
        request_id = _request_id(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_HEADER, request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            self.log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                milliseconds=round((time.perf_counter() - start) * 1000, 2),
            )


def current_request_id() -> str | None:
    """The id of the request that is being handled."""
    request_id: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return request_id


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == _HEADER and _ACCEPTABLE.fullmatch(value):
            return value.decode("ascii")
    # A name and no secret: randomness of the system would cost each request a system call.
    return f"{random.getrandbits(128):032x}"
