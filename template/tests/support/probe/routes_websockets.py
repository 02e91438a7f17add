"""WebSockets for tests."""

import asyncio
from typing import Any

from litestar import WebSocket, websocket

AnyWebSocket = WebSocket[Any, Any, Any]


@websocket("/probe/echo")
async def echo(socket: AnyWebSocket) -> None:
    """Return each message, and say when the WebSocket ends."""
    await socket.accept()
    try:
        async for message in socket.iter_data():
            await socket.send_text(message)
    finally:
        # Long enough for a server that does not wait.
        await asyncio.sleep(0.3)
        print('{"event": "echo ended"}', flush=True)


@websocket("/probe/ticks")
async def ticks(socket: AnyWebSocket) -> None:
    """Send messages, and receive none."""
    await socket.accept()
    while True:
        await socket.send_text("tick")
        await asyncio.sleep(0.05)


@websocket("/probe/broken")
async def broken(socket: AnyWebSocket) -> None:
    """Fail."""
    await socket.accept()
    raise RuntimeError("as asked")


ROUTES = [echo, ticks, broken]
