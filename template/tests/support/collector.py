"""A collector that records the spans it receives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from .listener import Listener, QuietHandler
from .processes import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A received span."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]


class Collector(Listener):
    """Records received spans; its address is for OTEL_EXPORTER_OTLP_ENDPOINT."""

    def __init__(self) -> None:
        super().__init__(_handler(self._take))
        self.spans: list[Span] = []
        # Received bodies.
        self.content = b""
        self.headers: list[Mapping[str, str]] = []
        self.status = 200

    def span(self, name: str) -> Span:
        """Wait for the only span of this name."""

        def found() -> list[Span]:
            return [span for span in list(self.spans) if span.name == name]

        [span] = until(found, what=f"span {name!r}")
        return span

    def _take(self, headers: Mapping[str, str], body: bytes) -> int:
        self.headers.append(headers)
        if self.status == 200:
            self.content += body
            self.spans.extend(_spans(body))
        return self.status


def _spans(body: bytes) -> list[Span]:
    return [
        Span(
            name=span.name,
            kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            failed=span.status.code == Status.STATUS_CODE_ERROR,
            attributes=_values(span.attributes),
            resource=_values(process.resource.attributes),
        )
        for process in ExportTraceServiceRequest.FromString(body).resource_spans
        for library in process.scope_spans
        for span in library.spans
    ]


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def _handler(take: Callable[[Mapping[str, str], bytes], int]) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.end_headers()

    return Handler
