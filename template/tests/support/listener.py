"""HTTP servers in the tests' process, as stand-ins for remote services."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class QuietHandler(BaseHTTPRequestHandler):
    """Request handler that logs nothing."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Listener:
    """Serves on a local port until the context ends.

    Args:
        handler: The request handler.
        daemon: Whether to stop without waiting for running requests.
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
        """Port of the server."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.port}"
