"""Traces: what was done for a request, in every process that had to do with it.

They are sent where OTEL_EXPORTER_OTLP_ENDPOINT says. Where it is empty, none are made, and what
makes them is not even imported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from .settings import ChassisSettings

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

# What makes the spans of this process while they are sent anywhere.
_tracer: Tracer | None = None


def current_tracer() -> Tracer | None:
    """What makes spans, or None where traces are not sent."""
    return _tracer


@contextmanager
def span(name: str, **attributes: str | bool | int | float) -> Iterator[None]:
    """Make what is done in this context a part of the trace, with its time and its failure.

    Args:
        name: What is done; of these there should be few.
        attributes: What tells it apart, and is no secret.
    """
    if _tracer is None:
        yield
        return
    from .tracing_sdk import Spanning

    with Spanning(_tracer, name, attributes=attributes):
        yield


@asynccontextmanager
async def open_tracing(settings: ChassisSettings) -> AsyncIterator[Tracer | None]:
    """Send traces as long as the context lasts, if they are to be sent.

    Args:
        settings: Where to, and how many of them.
    """
    global _tracer
    if not settings.otel_exporter_otlp_endpoint:
        yield None
        return
    from .tracing_sdk import shut_down, start

    provider = start(settings)
    _tracer = provider.get_tracer(__name__, settings.release)
    try:
        yield _tracer
    finally:
        _tracer = None
        shut_down(provider)
