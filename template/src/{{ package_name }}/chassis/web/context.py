"""The outermost layer of the web application: request id, access log, last line of defence.

It wraps the whole application, because middleware inside Litestar does not run for unknown routes
and wrong methods.
"""

import asyncio
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ..log import ACCESS

REQUEST_ID_HEADER = "X-Request-ID"

_HEADER = REQUEST_ID_HEADER.lower().encode()
_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._:-]{1,128}")

log = structlog.get_logger(ACCESS)


class RequestContext:
    """ASGI application that gives every request an id and every answer an access line.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        # A module's logger would look its settings up anew for each request.
        self.log = log.bind()
        self._lines: list[Callable[[], None]] = []

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

        # Not itself async, because each message would pay for a coroutine more.
        def send_with_id(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_HEADER, request_id.encode())]
            return send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            if not self._lines:
                asyncio.get_running_loop().call_soon(self._write_lines)
            self._lines.append(
                partial(
                    copy_context().run,
                    self.log.info,
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    milliseconds=round((time.perf_counter() - start) * 1000, 2),
                )
            )

    def _write_lines(self) -> None:
        """Write the access lines of one turn of the event loop at once.

        A write lets the server's threads go first, and costs more than making the line.
        """
        lines, self._lines = self._lines, []
        for write in lines:
            write()
        sys.stdout.flush()


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
