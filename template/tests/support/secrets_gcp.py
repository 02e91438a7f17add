"""A stand-in for Google Secret Manager and for Google's token endpoints."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from .listener import Listener, QuietHandler

NAME = "projects/team/secrets/service"
ACCOUNT = "service@team.iam.gserviceaccount.com"
KEY_ID = "key-id-of-the-tests"
TOKEN = "token-of-the-tests"
# Audience of signatures in token requests.
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
METADATA = "/computeMetadata/v1/instance/service-accounts/"
# The polynomial of CRC-32C.
CASTAGNOLI = 0x11EDC6F41

Answer = tuple[int, dict[str, object]]

GRANTED: Answer = (200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})
REFUSED: Answer = (400, {"error": "invalid_grant", "error_description": "no"})


class SecretManager(Listener):
    """The server with one secret, whose value is `secret`; the account's key is in `folder`."""

    def __init__(self, secret: bytes, folder: Path) -> None:
        super().__init__(_handler(self), daemon=True)
        self.secret = secret
        self.refused = False
        # Replaces the right response.
        self.lie: Answer | None = None
        self.asked: list[str] = []
        self.account = folder / "account.json"
        self.write_account(_key())

    def write_account(self, key: RSAPrivateKey) -> None:
        """Write the key file of a service account."""
        coded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        account = {
            "type": "service_account",
            "project_id": "team",
            "private_key_id": KEY_ID,
            "private_key": coded.decode(),
            "client_email": ACCOUNT,
            "token_uri": f"{self.url}/token",
        }
        self.account.write_text(json.dumps(account))

    @property
    def variables(self) -> dict[str, str]:
        """Variables of a process that reads the secret."""
        return {
            "GCP_SECRET_NAME": NAME,
            "GCP_ENDPOINT_URL": self.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.account),
            "no_proxy": "127.0.0.1",
        }

    def grant(self, form: Mapping[str, list[str]]) -> Answer:
        """Return a token for a request that the account has signed."""
        signed, _, signature = form["assertion"][0].rpartition(".")
        try:
            _key().public_key().verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return REFUSED
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        said = (form["grant_type"], header["alg"], header["kid"])
        said += (claims["iss"], claims["aud"], claims["scope"])
        if said != ([GRANT], "RS256", KEY_ID, ACCOUNT, AUDIENCE, SCOPE):
            return REFUSED
        valid = claims["iat"] <= time.time() < claims["exp"] <= claims["iat"] + 3600
        return GRANTED if valid else REFUSED

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Respond like the real service, or like the metadata server of a machine."""
        self.asked.append(path)
        if headers.get("Metadata-Flavor") == "Google":
            if path.startswith(f"{METADATA}default/token"):
                return GRANTED
            return 200, {"aliases": ["default"], "email": "default", "scopes": [SCOPE]}
        if self.lie:
            return self.lie
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}
        if self.refused:
            return 403, {"error": {"code": 403, "status": "PERMISSION_DENIED"}}
        if path not in {f"/v1/{NAME}/versions/{version}:access" for version in ("latest", "3")}:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
        return 200, {"name": f"{NAME}/versions/3", "payload": payload(self.secret)}


def payload(content: bytes) -> dict[str, object]:
    """Payload of a response with its CRC-32C."""
    bits = "".join(f"{byte:08b}"[::-1] for byte in content)
    remainder = (int(bits or "0", 2) << 32) ^ (0xFFFFFFFF << len(bits))
    for place in reversed(range(len(bits))):
        if remainder >> (place + 32) & 1:
            remainder ^= CASTAGNOLI << place
    checksum = int(f"{remainder:032b}"[::-1], 2) ^ 0xFFFFFFFF
    return {"data": base64.b64encode(content).decode(), "dataCrc32c": str(checksum)}


@cache
def _key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _handler(server: SecretManager) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.answer(*server.answer(self.path, self.headers))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            right = urlsplit(self.path).path == "/token"
            self.answer(*(server.grant(parse_qs(body)) if right else REFUSED))

        def answer(self, status: int, document: dict[str, object]) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Metadata-Flavor", "Google")
            if status == 307:
                self.send_header("Location", f"{server.url}/elsewhere")
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
    with SecretManager(json.dumps(dict(secrets)).encode(), folder) as server:
        yield server.variables
