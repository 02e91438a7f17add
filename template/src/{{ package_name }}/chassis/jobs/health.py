"""What a worker answers to those who ask how it is, at HEALTH_PORT.

The event loop that runs the jobs answers, so that one that is held up is found out.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import msgspec

from ..health import Health, readiness
from ..runtime import Runtime

# A connection that says nothing would be kept for ever.
PATIENCE_SECONDS = 5


@asynccontextmanager
async def answering(runtime: Runtime) -> AsyncIterator[None]:
    """Answer as long as the context lasts, if HEALTH_PORT is set.

    Args:
        runtime: The open backing services.
    """
    settings = runtime.settings
    if not settings.health_port:
        yield
        return

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        # Whoever asks badly or hangs up gets no answer, and is no concern of the worker's.
        with suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await _answer(runtime, head))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, settings.health_host, settings.health_port)
    try:
        yield
    finally:
        server.close()


async def _answer(runtime: Runtime, head: bytes) -> bytes:
    method, target = [*head.split(b"\r\n", 1)[0].split(b" "), b""][:2]
    path = target.partition(b"?")[0]
    status, body = 200, b""
    if method not in (b"GET", b"HEAD"):
        status = 405
    elif path in (b"/health/live", b"/health/startup"):
        health = Health(status="ok", release=runtime.settings.release)
        body = msgspec.json.encode(health)
    elif path == b"/health/ready":
        found = await readiness(runtime)
        status, body = found.http_status, msgspec.json.encode(found)
    else:
        status = 404
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    written = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
    return written if method == b"HEAD" else written + body
