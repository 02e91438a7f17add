"""A stand-in for AWS Secrets Manager, which can also return errors."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .listener import Listener, QuietHandler

SECRET_ID = "team/service"
REGION = "eu-central-1"
# Credentials, which the service gets from its machine.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key-id-of-the-tests", "AWS_SECRET_ACCESS_KEY": "of-the-tests"}

Answer = tuple[int, dict[str, object]]


class SecretsManager(Listener):
    """The server with one secret, whose value is `secret`."""

    def __init__(self, secret: str) -> None:
        super().__init__(_handler(self.answer), daemon=True)
        self.secret = secret
        self.refused = False

    @property
    def variables(self) -> dict[str, str]:
        """Variables of a process that reads the secret."""
        return {
            "AWS_SECRET_ID": SECRET_ID,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            # Prevents a search for other credentials on this machine.
            "AWS_EC2_METADATA_DISABLED": "true",
            **CREDENTIALS,
        }

    def answer(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Respond like the real service."""
        assert headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
        signed = f"Credential={CREDENTIALS['AWS_ACCESS_KEY_ID']}/"
        place = f"/{REGION}/secretsmanager/aws4_request"
        authorization = headers["Authorization"]
        if self.refused or signed not in authorization or place not in authorization:
            return 400, {"__type": "AccessDeniedException", "Message": "no"}
        if json.loads(body) != {"SecretId": SECRET_ID}:
            return 400, {"__type": "ResourceNotFoundException", "Message": "no"}
        return 200, {"Name": SECRET_ID, "VersionId": "1" * 32, "SecretString": self.secret}


def _handler(answer: Callable[[Mapping[str, str], bytes], Answer]) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, document = answer(self.headers, body)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

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
    with SecretsManager(json.dumps(dict(secrets))) as server:
        yield server.variables
