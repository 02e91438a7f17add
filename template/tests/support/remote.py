"""A stand-in for a remote service, with configurable responses."""

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .listener import Listener, QuietHandler


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A received request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response; without a status, the connection is closed."""

    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    # Delay before the response.
    seconds: float = 0
    # Delay before each byte of the body.
    seconds_per_byte: float = 0


BREAK_OFF = Answer(status=None)


class Remote(Listener):
    """Sends the given responses one after the other, and then 200."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Answer] = []
        # Client ports of open connections.
        self.connections: set[int] = set()
        self._closed = threading.Event()
        super().__init__(_handler(self._take, self.connections, self._closed), daemon=True)

    def __exit__(self, *details: object) -> None:
        self._closed.set()
        super().__exit__(*details)

    def will(self, *answers: Answer) -> None:
        """Set the next responses."""
        self.answers.extend(answers)

    def _take(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        return self.answers.pop(0) if self.answers else Answer()


def _handler(
    take: Callable[[Asked], Answer], connections: set[int], closed: threading.Event
) -> type[QuietHandler]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = take(
                Asked(method=self.command, path=self.path, headers=dict(self.headers), body=body)
            )
            closed.wait(answer.seconds)
            if answer.status is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for byte in answer.body:
                closed.wait(answer.seconds_per_byte)
                self.wfile.write(bytes([byte]))

        do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = answer

        def handle(self) -> None:
            connections.add(self.client_address[1])
            try:
                super().handle()
            except OSError:
                # The client has closed the connection.
                self.close_connection = True
            finally:
                connections.remove(self.client_address[1])

    return Handler
