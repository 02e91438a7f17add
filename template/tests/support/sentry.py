"""A stand-in for Sentry."""

import gzip
import json
from collections.abc import Callable
from typing import Any

from .listener import Listener, QuietHandler

KEY = "0123456789abcdef0123456789abcdef"


class Sentry(Listener):
    """Records received envelopes."""

    def __init__(self) -> None:
        self.envelopes: list[str] = []
        super().__init__(_handler(self.envelopes.append))

    @property
    def dsn(self) -> str:
        """Its DSN, for SENTRY_DSN."""
        return f"http://{KEY}@127.0.0.1:{self.port}/7"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Received events; checks that nothing else was received."""
        events = []
        for envelope in self.envelopes:
            _, header, event = envelope.splitlines()
            assert json.loads(header)["type"] == "event"
            events.append(json.loads(event))
        return events


def _handler(keep: Callable[[str], None]) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:
            assert self.path == "/api/7/envelope/"
            assert KEY in self.headers["X-Sentry-Auth"]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            keep(gzip.decompress(body).decode())
            self.send_response(200)
            self.end_headers()

    return Handler
