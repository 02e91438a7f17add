"""WebSockets: a line in the access log, and an end when the process stops."""

import asyncio
import threading
import time
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketDisconnect
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ..stopping import when_told_to_stop
from .access import sender

# Close codes of RFC 6455, and of IANA's registry.
ABNORMAL = 1006
SERVICE_RESTART = 1012

log = structlog.get_logger(__name__)


class WebSockets:
    """ASGI application that closes WebSockets when the process is told to stop.

    The server would drop them without a close frame, and would not wait for their handlers. Clients
    that see the code 1012 connect again.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._connections: set[_Connection] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one WebSocket, or startup and shutdown."""
        if scope["type"] != ScopeType.WEBSOCKET:
            self._close_at_signals()
            await self.app(scope, self._after_the_last(receive), send)
            return

        start = time.perf_counter_ns()
        connection = _Connection(receive, send)
        self._connections.add(connection)
        try:
            await self.app(scope, connection.receive, connection.send)
        finally:
            self._connections.discard(connection)
            connection.end()
            milliseconds = (time.perf_counter_ns() - start) // 10_000 / 100
            log.info(
                "websocket",
                path=scope["path"],
                code=connection.code,
                milliseconds=milliseconds,
                **sender(scope),
            )

    def _close_at_signals(self) -> None:
        """Close all WebSockets at SIGTERM and SIGINT, besides what the server does then."""
        if threading.current_thread() is not threading.main_thread():
            # Tests run the application in another thread, which signals do not reach.
            return
        loop = asyncio.get_running_loop()
        closing: set[asyncio.Task[None]] = set()

        def close_all() -> None:
            closing.update(loop.create_task(each.close()) for each in self._connections)

        def close_soon() -> None:
            loop.call_soon_threadsafe(close_all)

        when_told_to_stop(close_soon)

    def _after_the_last(self, receive: Receive) -> Receive:
        """Shut down when all handlers have ended, because they use what shutdown closes."""

        async def receive_shutdown() -> Any:
            message: Any = await receive()
            if message["type"] == "lifespan.shutdown":
                for connection in list(self._connections):
                    await connection.ended.wait()
            return message

        return receive_shutdown


class _Connection:
    """A WebSocket.

    It receives the next message before the handler wants it, because the server does not say
    otherwise that the client has gone, and a handler that only sends would go on for ever.

    Attributes:
        code: Close code.
        ended: Set when the handler has ended.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self.code = ABNORMAL
        self.ended = asyncio.Event()
        self._receive = receive
        self._send = send
        self._is_open = self._is_closed = False
        self._next: asyncio.Task[Any] | None = None

    async def receive(self) -> Any:
        """Receive a message."""
        message = await (self._next or self._receive_one())
        self._receive_ahead()
        return message

    async def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            WebSocketDisconnect: If the WebSocket is closed. It can be closed again.
        """
        closing = message["type"] == "websocket.close"
        if self._is_closed and not closing:
            raise WebSocketDisconnect(detail="The WebSocket is closed.", code=self.code)
        if self._is_closed:
            return
        if message["type"] == "websocket.close":
            self._closed(message["code"])
        await self._send(message)
        if message["type"] == "websocket.accept":
            self._is_open = True
            self._receive_ahead()

    async def close(self) -> None:
        """Close the WebSocket, because the process stops."""
        if self._is_open and not self._is_closed:
            message: Any = {"type": "websocket.close", "code": SERVICE_RESTART, "reason": ""}
            await self.send(message)

    def end(self) -> None:
        """Note that the handler has ended."""
        if self._next is not None:
            self._next.cancel()
        self.ended.set()

    def _receive_ahead(self) -> None:
        self._next = None
        if self._is_open and not self._is_closed:
            self._next = asyncio.ensure_future(self._receive_one())

    async def _receive_one(self) -> Any:
        message: Any = await self._receive()
        if message["type"] == "websocket.disconnect" and not self._is_closed:
            self._closed(message["code"])
        return message

    def _closed(self, code: int) -> None:
        self._is_closed, self.code = True, code
