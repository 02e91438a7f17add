"""Metrics of requests, and the route that shows them to Prometheus."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager

from litestar import Litestar, Response, get
from litestar.enums import ScopeType
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send
from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from ..metrics import exposed, understood
from ..settings import ChassisSettings
from .errors import AnyRequest

PATH = "/metrics"
# Clients can make up paths and methods, and each label is kept for ever.
NO_ROUTE = "none"
OTHER_METHOD = "other"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}

_requests = Counter(
    "http_requests_total", "Requests that were answered.", ["method", "route", "status"]
)
_seconds = Histogram(
    "http_request_duration_seconds", "How long requests took.", ["method", "route"]
)
_in_progress = Gauge(
    "http_requests_in_progress",
    "Requests that are being answered.",
    multiprocess_mode="livesum",
)


class RequestMetrics:
    """ASGI application that counts and times every request of another.

    It wraps the whole application, because middleware inside Litestar does not run for unknown
    routes and wrong methods.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        # Looking a metric up by its labels would cost each request more than all the rest.
        self._known: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return

        status = 500

        def send_and_note(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        _in_progress.inc()
        start = time.perf_counter()
        try:
            await self.app(scope, receive, send_and_note)
        finally:
            seconds = time.perf_counter() - start
            _in_progress.dec()
            # Litestar has put the route's template there, if there is a route.
            key = (scope["method"], scope.get("path_template"), status)
            count, duration = self._known.get(key) or self._metrics_of(*key)
            count.inc()
            duration.observe(seconds)

    def _metrics_of(
        self, method: str, template: str | None, status: int
    ) -> tuple[Counter, Histogram]:
        known_method = method in METHODS
        labels = (method if known_method else OTHER_METHOD, template or NO_ROUTE)
        metrics = (_requests.labels(*labels, status), _seconds.labels(*labels))
        if known_method:
            self._known[method, template, status] = metrics
        return metrics


def metrics_routes(settings: ChassisSettings) -> Sequence[ControllerRouterHandler]:
    """Make the route that shows metrics, unless they have a port of their own.

    Args:
        settings: Settings of this process.
    """
    return [] if settings.metrics_port else [metrics]


@get(PATH, include_in_schema=False)
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Show the metrics in the form that the client asks for."""
    encode, media_type = choose_encoder(understood(request.headers.get("Accept", "")))
    # In a thread, because what is shown may ask the event loop, and wait.
    content = await asyncio.to_thread(encode, request.app.state.metrics)
    return Response(content, media_type=media_type)


@asynccontextmanager
async def show_metrics(app: Litestar) -> AsyncIterator[None]:
    """Have metrics to show while the application serves.

    Args:
        app: The application, whose runtime is open.
    """
    runtime = app.state.runtime
    together = runtime.settings.web_processes > 1
    counted = MultiProcessCollector(None) if together else REGISTRY  # type: ignore[no-untyped-call]
    try:
        async with exposed(runtime, counted, share_port=together) as shown:
            app.state.metrics = shown
            yield
    finally:
        if together:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
