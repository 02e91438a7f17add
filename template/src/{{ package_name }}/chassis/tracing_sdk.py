"""OpenTelemetry's SDK, told everything by the settings, and quiet about its collector."""

import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import structlog
from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import (
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from .. import app as service
from .settings import ChassisSettings

# How long a span waits for others to be sent with it.
BATCH_SECONDS = 1.0
WAITING_SPANS = 2048
BATCH_SPANS = 512
# How long a batch is tried to be sent, and how long the end of a process waits for that.
SEND_SECONDS = 5.0
FLUSH_SECONDS = 2.0
LONGEST_ATTRIBUTE = 2000

# Reads and writes the place in a trace, as W3C's `traceparent`.
propagator = TraceContextTextMapPropagator()

log = structlog.get_logger(__name__)


def start(settings: ChassisSettings) -> TracerProvider:
    """Make the provider of this process, also for code that asks OpenTelemetry itself for it.

    Args:
        settings: Where traces are sent, with which headers, and how many of them.
    """
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.otel_traces_sampler_arg)),
        resource=Resource(
            {
                "service.name": service.NAME,
                "service.version": settings.release,
                "service.instance.id": str(uuid.uuid4()),
                "deployment.environment.name": settings.environment,
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": sdk_version,
            }
        ),
        span_limits=SpanLimits(max_span_attribute_length=LONGEST_ATTRIBUTE),
        shutdown_on_exit=False,
    )
    exporter = trace_exporter.OTLPSpanExporter(
        endpoint=f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces",
        headers=_headers(settings.otel_exporter_otlp_headers.get_secret_value()),
        timeout=SEND_SECONDS,
    )
    provider.add_span_processor(
        BatchSpanProcessor(
            _Collector(exporter),
            max_queue_size=WAITING_SPANS,
            max_export_batch_size=BATCH_SPANS,
            schedule_delay_millis=BATCH_SECONDS * 1000,
        )
    )
    # A process has one; a second would be refused with a complaint.
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(provider)
    return provider


def shut_down(provider: TracerProvider) -> None:
    """Give what waits a moment to be sent.

    Args:
        provider: The provider, which makes no span from now on.
    """
    # In a thread that nobody waits for, because the SDK would wait half a minute.
    ending = threading.Thread(target=provider.shutdown, daemon=True)
    ending.start()
    ending.join(FLUSH_SECONDS)
    if ending.is_alive():
        log.warning("traces not sent", seconds=FLUSH_SECONDS)


class Spanning:
    """Makes a span of what is done in its context.

    Of a failure it tells the type alone, because messages may hold what nobody should see.

    Args:
        tracer: What makes it.
        name: Its name.
        kind: Whether the other end is elsewhere.
        parent: Where in which trace it belongs; None for the present place.
        attributes: What tells it apart.
    """

    __slots__ = ("_span", "_token")

    def __init__(
        self,
        tracer: Tracer,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: Context | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        self._span = tracer.start_span(name, parent, kind, attributes)

    def __enter__(self) -> Span:
        """Begin what is done."""
        self._token = attach(set_span_in_context(self._span))
        return self._span

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        """End the span, whatever came of it."""
        if error is not None:
            fail(self._span, type(error).__qualname__)
        detach(self._token)
        self._span.end()


def fail(span: Span, cause: str) -> None:
    """Mark a span as failed.

    Args:
        span: The span.
        cause: One of few: a type of error, or a status.
    """
    span.set_attribute("error.type", cause)
    span.set_status(StatusCode.ERROR)


def tell_trace(span: Span) -> None:
    """Have log lines name the trace.

    Args:
        span: A span of the trace.
    """
    trace_id = format_trace_id(span.get_span_context().trace_id)
    structlog.contextvars.bind_contextvars(trace_id=trace_id)


def _headers(text: str) -> dict[str, str]:
    pairs = (header.partition("=") for header in text.split(",") if header)
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


class _Collector(SpanExporter):
    """Says once that the collector is away, and once that it is back.

    Args:
        exporter: What sends to it.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._lost = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans, or drop them."""
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS and not self._lost:
            self._lost = True
            log.warning("trace collector lost", error=_complaints.last)
        elif result is SpanExportResult.SUCCESS and self._lost:
            self._lost = False
            log.info("trace collector back")
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._exporter.shutdown()


class _Complaints(logging.Filter):
    """Takes a line for each attempt out of the log, and keeps what the last was about."""

    last = "unknown"

    def filter(self, record: logging.LogRecord) -> bool:
        # The message itself may hold the whole address of the collector.
        for value in record.args if isinstance(record.args, tuple) else ():
            if isinstance(value, Exception):
                self.last = type(value).__name__
            elif isinstance(value, int):
                self.last = f"status {value}"
        return False


_complaints = _Complaints()
logging.getLogger(trace_exporter.__name__).addFilter(_complaints)
