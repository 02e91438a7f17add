"""Health probes of a worker, on HEALTH_PORT.

They run in the event loop of the jobs, so that a blocked loop fails them.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import msgspec

from ..health import Health, readiness
from ..runtime import Runtime

# Time limit of a request, so that silent connections are closed.
REQUEST_SECONDS = 5


@asynccontextmanager
async def serve_health(runtime: Runtime) -> AsyncIterator[None]:
    """Serve health probes until the context ends, if HEALTH_PORT is set.

    Args:
        runtime: The runtime.
    """
    settings = runtime.settings
    if not settings.health_port:
        yield
        return

    async def respond(reader: StreamReader, writer: StreamWriter) -> None:
        # Ignore invalid requests and closed connections.
        with suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await _response(runtime, head))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(respond, settings.health_host, settings.health_port)
    try:
        yield
    finally:
        server.close()


async def _response(runtime: Runtime, head: bytes) -> bytes:
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
