"""Distributed tracing with OpenTelemetry, if OTEL_EXPORTER_OTLP_ENDPOINT is set.

Without an endpoint, the SDK is not imported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from ..settings import ChassisSettings

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

# The tracer of this process while tracing is enabled.
_tracer: Tracer | None = None


def current_tracer() -> Tracer | None:
    """Tracer of this process, or None if tracing is disabled."""
    return _tracer


@contextmanager
def span(name: str, **attributes: str | bool | int | float) -> Iterator[None]:
    """Create a span for the code in this context; it records duration and exceptions.

    Args:
        name: Span name; keep its cardinality low.
        attributes: Span attributes; must not contain secrets.
    """
    if _tracer is None:
        yield
        return
    from .sdk import spanning

    with spanning(_tracer, name, attributes=attributes):
        yield


@asynccontextmanager
async def open_tracing(settings: ChassisSettings, name: str) -> AsyncIterator[Tracer | None]:
    """Enable tracing until the context ends, if an endpoint is set.

    Args:
        settings: Settings with endpoint and sampling ratio.
        name: Name of the service.
    """
    global _tracer
    if not settings.otel_exporter_otlp_endpoint:
        yield None
        return
    from .sdk import shut_down, start

    provider = start(settings, name)
    _tracer = provider.get_tracer(__name__, settings.release)
    try:
        yield _tracer
    finally:
        _tracer = None
        shut_down(provider)
