"""A server that answers as Vault's KV store, version 2, does; it can also refuse, and lie."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOKEN = "token-of-the-tests"
MOUNT = "secret"
PATH = "team/service"


class Vault(ThreadingHTTPServer):
    """The server; `secrets` is what its one secret holds."""

    daemon_threads = True

    def __init__(self, secrets: Mapping[str, object]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secrets = dict(secrets)
        # What is answered instead of what is right.
        self.lie: tuple[int, bytes, dict[str, str]] | None = None
        self.namespaces: list[str | None] = []

    @property
    def variables(self) -> dict[str, str]:
        """Variables of a process that is to read the secret."""
        address = f"http://127.0.0.1:{self.server_port}"
        return {"VAULT_ADDR": address, "VAULT_TOKEN": TOKEN, "VAULT_PATH": PATH}

    def answer(self, path: str, headers: Mapping[str, str]) -> tuple[int, bytes, dict[str, str]]:
        """Answer a request as Vault would."""
        if self.lie:
            return self.lie
        self.namespaces.append(headers.get("X-Vault-Namespace"))
        if headers.get("X-Vault-Token") != TOKEN:
            return 403, b'{"errors":["permission denied"]}', {}
        if path != f"/v1/{MOUNT}/data/{PATH}":
            return 404, b'{"errors":[]}', {}
        metadata = {"version": 1, "destroyed": False, "deletion_time": ""}
        body = {"request_id": "1", "data": {"data": self.secrets, "metadata": metadata}}
        return 200, json.dumps(body).encode(), {}


class _Handler(BaseHTTPRequestHandler):
    server: Vault

    def do_GET(self) -> None:
        status, body, headers = self.server.answer(self.path, self.headers)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@contextmanager
def vault(secrets: Mapping[str, object]) -> Iterator[Vault]:
    """Run a server for as long as the context lasts.

    Args:
        secrets: What its secret holds, by the names of the settings.
    """
    with Vault(secrets) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def holding(secrets: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Keep secrets for as long as the context lasts.

    Args:
        secrets: Their values, by the names of their settings.
        folder: An empty folder.

    Returns:
        Variables of a process that is to read them.
    """
    with vault(secrets) as server:
        yield server.variables
