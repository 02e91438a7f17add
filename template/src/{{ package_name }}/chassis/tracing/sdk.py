"""OpenTelemetry's SDK, configured by the settings; logs outages of the collector only once."""

import logging
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import unquote

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
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
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from ..outage import Outage
from ..settings import ChassisSettings

# Time between exports.
BATCH_SECONDS = 1.0
MAX_QUEUED_SPANS = 2048
BATCH_SPANS = 512
# Timeout of an export, and of the last one when a process ends.
SEND_SECONDS = 5.0
FLUSH_SECONDS = 2.0
MAX_ATTRIBUTE_LENGTH = 2000

# Reads and writes the W3C header `traceparent`.
propagator = TraceContextTextMapPropagator()

log = structlog.get_logger(__name__)


def start(settings: ChassisSettings, name: str) -> TracerProvider:
    """Create the tracer provider of this process, and register it with OpenTelemetry.

    Args:
        settings: Settings with endpoint, headers and sampling ratio.
        name: Name of the service.
    """
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.otel_traces_sampler_arg)),
        resource=Resource(
            {
                "service.name": name,
                "service.version": settings.release,
                "service.instance.id": str(uuid.uuid4()),
                "deployment.environment.name": settings.environment,
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": sdk_version,
            }
        ),
        span_limits=SpanLimits(max_span_attribute_length=MAX_ATTRIBUTE_LENGTH),
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
            max_queue_size=MAX_QUEUED_SPANS,
            max_export_batch_size=BATCH_SPANS,
            schedule_delay_millis=BATCH_SECONDS * 1000,
        )
    )
    # OpenTelemetry logs a warning if a provider is registered twice.
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(provider)
    return provider


def shut_down(provider: TracerProvider) -> None:
    """Flush pending spans for at most `FLUSH_SECONDS`, and shut the provider down.

    Args:
        provider: The provider.
    """
    # In a daemon thread, because the SDK would block for up to 30 seconds.
    thread = threading.Thread(target=provider.shutdown, daemon=True)
    thread.start()
    thread.join(FLUSH_SECONDS)
    if thread.is_alive():
        log.warning("traces not sent", seconds=FLUSH_SECONDS)


@contextmanager
def spanning(
    tracer: Tracer,
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Iterator[Span]:
    """Run code in a span; of an exception, only the type is recorded.

    Args:
        tracer: The tracer.
        name: Span name; keep its cardinality low.
        kind: Relation to the other end, such as `SERVER` or `CLIENT`.
        parent: Context with the parent span; None for the current context.
        attributes: Attributes of the span.
    """
    with tracer.start_as_current_span(
        name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            # The message may contain personal data or secrets.
            fail(span, type(error).__qualname__)
            raise


def fail(span: Span, cause: str) -> None:
    """Mark a span as failed.

    Args:
        span: The span.
        cause: Type of the error or a status; keep its cardinality low.
    """
    span.set_attribute("error.type", cause)
    span.set_status(StatusCode.ERROR)


def log_trace_id(span: Span) -> None:
    """Add the trace id to log lines.

    Args:
        span: A span of the trace.
    """
    trace_id = format_trace_id(span.get_span_context().trace_id)
    structlog.contextvars.bind_contextvars(trace_id=trace_id)


def _headers(text: str) -> dict[str, str]:
    pairs = (header.partition("=") for header in text.split(",") if header)
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


class _Collector(SpanExporter):
    """Exporter that logs outages of the collector once.

    Args:
        exporter: The wrapped exporter.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._outage = Outage("trace collector")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; drop them on failure."""
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self._outage.back()
        else:
            self._outage.lost(_failures.last)
        return result

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown()


class _Failures(logging.Filter):
    """Drops the exporter's log lines of failed attempts, and stores the last cause."""

    last = "unknown"

    def filter(self, record: logging.LogRecord) -> bool:
        # Not the message, which may contain the collector's address.
        for value in record.args if isinstance(record.args, tuple) else ():
            if isinstance(value, Exception):
                self.last = type(value).__name__
            elif isinstance(value, int):
                self.last = f"status {value}"
        return False


_failures = _Failures()
logging.getLogger(trace_exporter.__name__).addFilter(_failures)
