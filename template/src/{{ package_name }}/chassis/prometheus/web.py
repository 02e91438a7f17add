"""Metrics of requests, and the route that serves them to Prometheus."""

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

from ..settings import ChassisSettings
from ..web.connections import AnyRequest
from .exposition import serve_metrics, supported_accept

PATH = "/metrics"
# Clients can send any path and method, and each label value uses memory until the process ends.
NO_ROUTE = "none"
OTHER_METHOD = "other"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}

_requests = Counter(
    "http_requests_total", "Requests with a response.", ["method", "route", "status"]
)
_seconds = Histogram("http_request_duration_seconds", "Duration of requests.", ["method", "route"])
_in_progress = Gauge(
    "http_requests_in_progress",
    "Requests in progress.",
    multiprocess_mode="livesum",
)


class RequestMetrics:
    """ASGI application that counts and times every request.

    It wraps the whole application, because middleware inside Litestar does not run for unknown
    routes and wrong methods.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        # Cache of metrics, because the lookup by labels is slow.
        self._known: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return

        status = 500

        def send_and_record(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        _in_progress.inc()
        start = time.perf_counter()
        try:
            await self.app(scope, receive, send_and_record)
        finally:
            seconds = time.perf_counter() - start
            _in_progress.dec()
            # Litestar sets the route's template, if there is a route.
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
    """Create the route of metrics.

    Args:
        settings: Settings of this process.

    Returns:
        The route; none if METRICS_PORT is set, and none in production without METRICS_PUBLIC.
    """
    is_shown = settings.metrics_public or not settings.production
    return [metrics] if is_shown and not settings.metrics_port else []


@get(PATH, include_in_schema=False)
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Return the metrics in the format of the Accept header."""
    encode, media_type = choose_encoder(supported_accept(request.headers.get("Accept", "")))
    # In a thread, because collectors may wait for the event loop.
    content = await asyncio.to_thread(encode, request.app.state.metrics)
    return Response(content, media_type=media_type)


@asynccontextmanager
async def provide_metrics(app: Litestar) -> AsyncIterator[None]:
    """Provide metrics while the application runs.

    Args:
        app: The application with an open runtime.
    """
    runtime = app.state.runtime
    several = runtime.settings.web_processes > 1
    counted = MultiProcessCollector(None) if several else REGISTRY  # type: ignore[no-untyped-call]
    try:
        async with serve_metrics(runtime, counted, share_port=several) as registry:
            app.state.metrics = registry
            yield
    finally:
        if several:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
