"""A Key Vault as in Azure, behind a proxy, and what gives tokens for it to an App Service."""

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
# What a machine shows that asks for a token.
HEADER = "header-of-the-tests"
CHALLENGE = f'Bearer authorization="https://login.microsoftonline.com/team", resource="{RESOURCE}"'

Answer = tuple[int, dict[str, object]]


class KeyVault(Listener):
    """The server; `secret` is what its one secret holds, and `folder` gets its certificate.

    It is reached by its name in Azure, of which the client sees that it belongs to those who may
    have a token for it: the server is a proxy that leads to nobody but itself.
    """

    def __init__(self, secret: str, folder: Path) -> None:
        super().__init__(_handler(self), daemon=True)
        self.secret = secret
        self.refused = False
        self.asked: list[str] = []
        # Another one each time, since the client knows the challenges of those that it has asked.
        self.host = f"team-{self.port}.vault.azure.net"
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority = trustme.CA()
        authority.issue_cert(self.host).configure_cert(self.tls)
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.authority)

    @property
    def variables(self) -> dict[str, str]:
        """Variables of a process that is to read the secret."""
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
        """Give a token to the machine."""
        asked = parse_qs(urlsplit(path).query)
        wanted = (asked.get("api-version"), asked.get("resource"))
        if (headers.get("X-IDENTITY-HEADER"), *wanted) != (HEADER, ["2019-08-01"], [RESOURCE]):
            return 401, {"statusCode": 401, "message": "no"}
        expires = str(int(time.time()) + 3600)
        kind = {"resource": RESOURCE, "token_type": "Bearer"}
        return 200, {"access_token": TOKEN, "expires_on": expires, **kind}

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Answer a request as the service would."""
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
            # A client that does not trust it goes away.
            with (
                suppress(OSError),
                server.tls.wrap_socket(self.connection, server_side=True) as inner,
            ):
                # What is asked through it is answered as what is asked without it.
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
    """Keep secrets for as long as the context lasts.

    Args:
        secrets: Their values, by the names of their settings.
        folder: An empty folder.

    Returns:
        Variables of a process that is to read them.
    """
    with KeyVault(json.dumps(dict(secrets)), folder) as server:
        yield server.variables
