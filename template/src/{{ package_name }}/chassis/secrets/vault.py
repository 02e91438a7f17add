"""HashiCorp Vault or OpenBao: one secret of a KV store (version 2) with all settings."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

from .source import RESPONSE_SECONDS, SecretsSource, SecretsUnavailable, texts

RESPONSE_BYTES = 1_000_000

_ADVICE = {
    400: "check VAULT_NAMESPACE and VAULT_PATH",
    403: "check that the token is valid, and may read VAULT_PATH",
    404: "check that VAULT_MOUNT is a KV store of version 2, and has VAULT_PATH",
}


class Source(SecretsSource):
    """Reads VAULT_PATH if VAULT_ADDR is set."""

    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read the latest version of the secret."""
        if not settings.vault_addr:
            return {}
        token = settings.vault_token or _token_of(settings.vault_token_file)
        try:
            status, body = _ask(settings, token)
        except (OSError, HTTPException, ValueError) as error:
            raise _unavailable(
                type(error).__name__, "check VAULT_ADDR, and that the server responds"
            ) from None
        if status != 200:
            advice = _ADVICE.get(status, "check the server")
            raise _unavailable(f"status {status}", advice)
        try:
            return texts(_secret_in(json.loads(body)))
        except ValueError:
            raise _unavailable("no secret in the response", _ADVICE[404]) from None


def _token_of(file: str) -> str:
    if not file:
        raise _unavailable("no token", "set VAULT_TOKEN_FILE or VAULT_TOKEN")
    try:
        return Path(file).read_text().strip()
    except (OSError, ValueError) as error:
        raise _unavailable(type(error).__name__, "check VAULT_TOKEN_FILE") from None


def _ask(settings: SimpleNamespace, token: str) -> tuple[int, bytes]:
    address = urlsplit(settings.vault_addr)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    # Follows no redirects, which could send the token to another host.
    connection = kind(address.hostname, address.port, timeout=RESPONSE_SECONDS)
    headers = {"X-Vault-Token": token, "X-Vault-Request": "true"}
    if settings.vault_namespace:
        headers["X-Vault-Namespace"] = settings.vault_namespace
    mount, secret = (quote(part.strip("/")) for part in (settings.vault_mount, settings.vault_path))
    path = f"{address.path.rstrip('/')}/v1/{mount}/data/{secret}"
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read(RESPONSE_BYTES)
    finally:
        connection.close()


def _secret_in(document: object) -> object:
    match document:
        case {"data": {"data": secret}}:
            return secret
    return None


def _unavailable(cause: str, advice: str) -> SecretsUnavailable:
    return SecretsUnavailable(f"Cannot read the secrets from Vault ({cause}): {advice}.")
