"""A place that takes what the service reports, as Sentry does."""

import gzip
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "0123456789abcdef0123456789abcdef"


class Sentry:
    """Listens at a port of this machine, and keeps the envelopes that arrive."""

    def __init__(self) -> None:
        self.envelopes: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.envelopes.append))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def dsn(self) -> str:
        """Its address, as the service's SENTRY_DSN."""
        return f"http://{KEY}@127.0.0.1:{self._server.server_port}/7"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that arrived; nothing else may."""
        events = []
        for envelope in self.envelopes:
            _, header, event = envelope.splitlines()
            assert json.loads(header)["type"] == "event"
            events.append(json.loads(event))
        return events


def _handler(keep: Callable[[str], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/api/7/envelope/"
            assert KEY in self.headers["X-Sentry-Auth"]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            keep(gzip.decompress(body).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
