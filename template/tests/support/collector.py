"""A collector of traces: it takes what OpenTelemetry sends, and keeps the spans."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from .processes import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span that arrived."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]


class Collector:
    """Listens at a port of this machine, and keeps the spans that arrive."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        # All that arrived, as it came.
        self.content = b""
        self.headers: list[Mapping[str, str]] = []
        self.status = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._take))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address, as the service's OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_port}"

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


def _handler(take: Callable[[Mapping[str, str], bytes], int]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
