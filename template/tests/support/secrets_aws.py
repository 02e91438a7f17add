"""A server that answers as AWS Secrets Manager does; it can also refuse, and lie."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECRET_ID = "team/service"
REGION = "eu-central-1"
# Whose secret it is; the service has them from its machine.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key-id-of-the-tests", "AWS_SECRET_ACCESS_KEY": "of-the-tests"}


class SecretsManager(ThreadingHTTPServer):
    """The server; `secret` is what its one secret holds."""

    daemon_threads = True

    def __init__(self, secret: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secret = secret
        self.refused = False

    @property
    def variables(self) -> dict[str, str]:
        """Variables of a process that is to read the secret."""
        return {
            "AWS_SECRET_ID": SECRET_ID,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_port}",
            # No other credentials are looked for on this machine.
            "AWS_EC2_METADATA_DISABLED": "true",
            **CREDENTIALS,
        }

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, object]]:
        """Answer a request as the service would."""
        assert headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
        signed = f"Credential={CREDENTIALS['AWS_ACCESS_KEY_ID']}/"
        place = f"/{REGION}/secretsmanager/aws4_request"
        authorization = headers["Authorization"]
        if self.refused or signed not in authorization or place not in authorization:
            return 400, {"__type": "AccessDeniedException", "Message": "no"}
        if json.loads(body) != {"SecretId": SECRET_ID}:
            return 400, {"__type": "ResourceNotFoundException", "Message": "no"}
        return 200, {"Name": SECRET_ID, "VersionId": "1" * 32, "SecretString": self.secret}


class _Handler(BaseHTTPRequestHandler):
    server: SecretsManager

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.server.answer(self.headers, body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@contextmanager
def secrets_manager(secret: str) -> Iterator[SecretsManager]:
    """Run a server for as long as the context lasts.

    Args:
        secret: What its secret holds.
    """
    with SecretsManager(secret) as server:
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
    with secrets_manager(json.dumps(dict(secrets))) as server:
        yield server.variables
