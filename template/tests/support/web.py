"""Requests to web processes."""

import socket
from contextlib import suppress
from typing import Any

import httpx

from .processes import START_SECONDS, Process, until

# Shared, because creating a client loads all certificates. Without keep-alive, because processes
# are restarted.
_client = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=10)


def request(web: Process, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request to a web process; the options are those of httpx."""
    return _client.request(method, f"{web.url}{path}", **options)


def get(web: Process, path: str, **options: Any) -> httpx.Response:
    """Send a GET request to a web process."""
    return request(web, "GET", path, **options)


def hang_up(web: Process, path: str, *, chunked: bool = False) -> None:
    """Send a POST request to a web process, and close the connection in the middle of its body.

    Args:
        web: The process.
        path: Path of the request.
        chunked: Whether the body has chunks instead of a length.
    """
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 1000"
    head = f"POST {path} HTTP/1.1\r\nHost: probe\r\n{length}\r\n"
    body = '4\r\n["ab\r\n' if chunked else '["ab'
    with socket.create_connection(("127.0.0.1", int(web.environment["PORT"]))) as connection:
        connection.sendall(f"{head}\r\n{body}".encode())
        # The server has started to read it.
        connection.settimeout(0.3)
        with suppress(TimeoutError):
            connection.recv(1)


def wait_until_ready(*processes: Process, seconds: float = START_SECONDS) -> None:
    """Wait until web processes are ready."""
    for web in processes:
        wait_for_status(web, "/health/ready", 200, seconds=seconds)


def wait_for_status(
    web: Process, path: str, status: int, *, seconds: float = START_SECONDS
) -> httpx.Response:
    """Wait for a response with a certain status, and return it."""

    def answer() -> httpx.Response | None:
        assert web.popen.poll() is None, f"ended early: {web}"
        try:
            response = get(web, path)
        except httpx.TransportError:
            return None
        return response if response.status_code == status else None

    return until(answer, seconds=seconds, what=f"status {status} of {path} from {web}")
