"""Spans of requests to other services, with trace propagation."""

from http import HTTPStatus

import httpx
from opentelemetry.trace import SpanKind, Tracer

from .sdk import fail, propagator, spanning

PORTS = {"http": 80, "https": 443}


class TracedTransport(httpx.AsyncBaseTransport):
    """Creates a span for each request, and one for each retry.

    Args:
        transport: The wrapped transport.
        tracer: The tracer.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, tracer: Tracer) -> None:
        self._transport = transport
        self._tracer = tracer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        url = request.url
        with spanning(
            self._tracer,
            request.method,
            kind=SpanKind.CLIENT,
            attributes={
                "http.request.method": request.method,
                "server.address": url.host,
                "server.port": url.port or PORTS.get(url.scheme, 0),
                # Without password and query, which may contain secrets.
                "url.full": str(url.copy_with(username=None, password=None, query=None)),
            },
        ) as span:
            propagator.inject(request.headers)
            response = await self._transport.handle_async_request(request)
            span.set_attribute("http.response.status_code", response.status_code)
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                fail(span, str(response.status_code))
            return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()
