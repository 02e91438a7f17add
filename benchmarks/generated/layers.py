"""CPU time that each layer of the web application adds to a request, without a server.

The argument is the file for the figures, because the access log goes to stdout.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from litestar import Litestar, get
from orbit.chassis.log import configure_logging  # type: ignore[import-not-found]
from orbit.chassis.prometheus.web import RequestMetrics  # type: ignore[import-not-found]
from orbit.chassis.web.asgi import create_app  # type: ignore[import-not-found]
from orbit.chassis.web.context import RequestContext  # type: ignore[import-not-found]
from orbit.chassis.web.rate_limit import RateLimit  # type: ignore[import-not-found]
from orbit.settings import Settings  # type: ignore[import-not-found]

REQUESTS = 2_000
ROUNDS = 7
App = Callable[..., Any]


@get("/plain")
async def plain() -> str:
    """Return a short text."""
    return "plain"


@get("/limited", middleware=[RateLimit("layers", requests=10**9, seconds=3600)])
async def limited() -> str:
    """Return a short text, within the rate limit."""
    return "limited"


@get("/cached", cache=3600)
async def cached() -> str:
    """Return a cached response."""
    return "cached"


async def microseconds(app: App, path: str) -> float:
    """CPU time of a request, the lowest of several rounds."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: dict[str, Any]) -> None:
        pass

    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(REQUESTS):
            scope = {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "path": path,
                "raw_path": path.encode(),
                "root_path": "",
                "query_string": b"",
                "headers": [(b"host", b"127.0.0.1")],
                "client": ("127.0.0.1", 50_000),
                "server": ("127.0.0.1", 8000),
            }
            await app(scope, receive, send)
        best = min(best, (time.process_time() - start) / REQUESTS)
    return round(best * 1_000_000, 1)


async def main(file: Path) -> None:
    """Measure all layers; each one wraps those before it."""
    settings = Settings()
    configure_logging(settings, process="web")
    service = create_app(settings)
    for route in (plain, limited, cached):
        service.register(route)
    bare = Litestar([plain], openapi_config=None, logging_config=None)
    measured = RequestMetrics(service)
    whole = RequestContext(measured)
    async with bare.lifespan(), service.lifespan():
        figures = {
            "bare Litestar": await microseconds(bare, "/plain"),
            "the service's application": await microseconds(service, "/plain"),
            "... with metrics": await microseconds(measured, "/plain"),
            "... with request id and access line": await microseconds(whole, "/plain"),
            "... on a route with a rate limit": await microseconds(whole, "/limited"),
            "... on a route with a cached response": await microseconds(whole, "/cached"),
        }
    file.write_text(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
