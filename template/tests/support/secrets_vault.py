"""A stand-in for Vault's KV store (version 2), which can also return errors."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .listener import Listener, QuietHandler

TOKEN = "token-of-the-tests"
MOUNT = "secret"
PATH = "team/service"

Answer = tuple[int, bytes, dict[str, str]]


class Vault(Listener):
    """The server with one secret, whose value is `secrets`."""

    def __init__(self, secrets: Mapping[str, object]) -> None:
        super().__init__(_handler(self.answer), daemon=True)
        self.secrets = dict(secrets)
        # Replaces the right response.
        self.lie: Answer | None = None
        self.namespaces: list[str | None] = []

    @property
    def variables(self) -> dict[str, str]:
        """Variables of a process that reads the secret."""
        return {"VAULT_ADDR": self.url, "VAULT_TOKEN": TOKEN, "VAULT_PATH": PATH}

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Respond like Vault."""
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


def _handler(answer: Callable[[str, Mapping[str, str]], Answer]) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            status, body, headers = answer(self.path, self.headers)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


@contextmanager
def holding(secrets: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Provide secrets until the context ends.

    Args:
        secrets: Values by setting name.
        folder: An empty folder.

    Returns:
        Variables of a process that reads them.
    """
    with Vault(secrets) as server:
        yield server.variables
