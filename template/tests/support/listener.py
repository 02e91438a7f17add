"""Servers in the tests' own process, which stand in for what is elsewhere."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class QuietHandler(BaseHTTPRequestHandler):
    """Answers requests, and writes no lines about them."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Listener:
    """Answers at a port of this machine for as long as the context lasts.

    Args:
        handler: What answers.
        daemon: Whether the end may come before answers that are under way.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler], *, daemon: bool = False) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = daemon
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"
