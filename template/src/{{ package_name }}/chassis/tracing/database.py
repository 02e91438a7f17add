"""Spans of SQL statements, without parameters."""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Tracer
from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from .sdk import fail

# Key of the current span in a connection's info.
_SPAN = "span"


def trace_statements(engine: AsyncEngine, tracer: Tracer) -> None:
    """Create a span for each statement in a recorded trace.

    Args:
        engine: The engine.
        tracer: The tracer.
    """
    system = engine.dialect.name

    def begin(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if not trace.get_current_span().is_recording():
            return
        operation = statement.split(maxsplit=1)[0].upper()
        connection.info[_SPAN] = tracer.start_span(
            operation,
            kind=SpanKind.CLIENT,
            attributes={
                "db.system.name": system,
                "db.operation.name": operation,
                "db.query.text": statement,
            },
        )

    def end(connection: Connection, *_: Any) -> None:
        span: Span | None = connection.info.pop(_SPAN, None)
        if span is not None:
            span.end()

    def failed(context: ExceptionContext) -> None:
        if context.connection is None or context.connection.invalidated:
            return
        span: Span | None = context.connection.info.pop(_SPAN, None)
        if span is not None:
            fail(span, type(context.original_exception).__qualname__)
            span.end()

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", failed)
