"""A stand-in for Azure Key Vault behind a proxy, and for the token endpoint of App Service."""

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme

from .listener import Listener, QuietHandler

SECRET = "service"
VERSION = "3" * 32
RESOURCE = "https://vault.azure.net"
TOKEN = "token-of-the-tests"
# Header of token requests.
HEADER = "header-of-the-tests"
CHALLENGE = f'Bearer authorization="https://login.microsoftonline.com/team", resource="{RESOURCE}"'

Answer = tuple[int, dict[str, object]]


class KeyVault(Listener):
    """The server with one secret, whose value is `secret`; its certificate is written to `folder`.

    The client only sends tokens to a domain of Azure, so that the server is also a proxy that
    connects to itself under its name in Azure.
    """

    def __init__(self, secret: str, folder: Path) -> None:
        super().__init__(_handler(self), daemon=True)
        self.secret = secret
        self.refused = False
        self.asked: list[str] = []
        # A different name each time, because the client caches challenges by server.
        self.host = f"team-{self.port}.vault.azure.net"
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority = trustme.CA()
        authority.issue_cert(self.host).configure_cert(self.tls)
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.authority)

    @property
    def variables(self) -> dict[str, str]:
        """Variables of a process that reads the secret."""
        return {
            "AZURE_KEY_VAULT_URL": f"https://{self.host}",
            "AZURE_SECRET_NAME": SECRET,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
            "IDENTITY_ENDPOINT": f"{self.url}/token",
            "IDENTITY_HEADER": HEADER,
            "REQUESTS_CA_BUNDLE": str(self.authority),
            "https_proxy": self.url,
            "no_proxy": "127.0.0.1",
        }

    def grant(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Return a token."""
        asked = parse_qs(urlsplit(path).query)
        wanted = (asked.get("api-version"), asked.get("resource"))
        if (headers.get("X-IDENTITY-HEADER"), *wanted) != (HEADER, ["2019-08-01"], [RESOURCE]):
            return 401, {"statusCode": 401, "message": "no"}
        expires = str(int(time.time()) + 3600)
        kind = {"resource": RESOURCE, "token_type": "Bearer"}
        return 200, {"access_token": TOKEN, "expires_on": expires, **kind}

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Respond like the real service."""
        asked = urlsplit(path).path.rstrip("/")
        authorization = headers.get("Authorization")
        self.asked.append(f"{asked} {authorization or 'without a token'}")
        if authorization != f"Bearer {TOKEN}":
            return 401, {"error": {"code": "Unauthorized", "message": "no"}}
        if self.refused:
            return 403, {"error": {"code": "Forbidden", "message": "no"}}
        if asked not in {f"/secrets/{SECRET}", f"/secrets/{SECRET}/{VERSION}"}:
            return 404, {"error": {"code": "SecretNotFound", "message": "no"}}
        name = f"https://{self.host}/secrets/{SECRET}/{VERSION}"
        return 200, {"value": self.secret, "id": name, "attributes": {"enabled": True}}


def _handler(server: KeyVault) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_CONNECT(self) -> None:
            if self.path != f"{server.host}:443":
                self.send_error(502)
                return
            self.send_response(200)
            self.end_headers()
            self.connection.settimeout(10)
            # The client does not trust the certificate.
            with (
                suppress(OSError),
                server.tls.wrap_socket(self.connection, server_side=True) as inner,
            ):
                # Requests through the proxy get the same responses as direct ones.
                Handler(inner, self.client_address, self.server)

        def do_GET(self) -> None:
            inside = isinstance(self.connection, ssl.SSLSocket)
            answer = server.answer if inside else server.grant
            status, document = answer(self.path, self.headers)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status == 401:
                self.send_header("WWW-Authenticate", CHALLENGE)
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
    with KeyVault(json.dumps(dict(secrets)), folder) as server:
        yield server.variables
