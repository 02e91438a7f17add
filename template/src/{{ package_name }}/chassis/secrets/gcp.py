"""Google Secret Manager: one secret, which is a JSON object of settings."""

import base64
import json
import re
import time
from collections.abc import Mapping
from contextlib import closing
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from .source import RESPONSE_SECONDS, SecretsSource, SecretsUnavailable, texts

# Total time to get credentials and to read the secret, including retries of google-auth.
TOTAL_SECONDS = 10
SCOPE = "https://www.googleapis.com/auth/cloud-platform"

_NAME = re.compile(
    r"projects/[\w.:-]+(/locations/(?P<location>[\w-]+))?/secrets/[\w-]+(?P<version>/versions/[\w-]+)?"
)


class Source(SecretsSource):
    """Reads GCP_SECRET_NAME, if set, with the machine's service account."""

    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read the latest version of the secret, or the one that the name gives."""
        if not settings.gcp_secret_name:
            return {}
        url = _address(settings.gcp_secret_name, settings.gcp_endpoint_url)
        try:
            status, body = _ask(url)
        except Exception as error:
            # A malformed credentials file can raise any exception in google-auth.
            raise _unavailable(type(error.__cause__ or error).__name__) from None
        if status != 200:
            raise _unavailable(f"status {status}")
        try:
            return texts(json.loads(_content_of(json.loads(body))))
        except SecretsUnavailable:
            raise
        except ValueError:
            raise _unavailable("not a JSON object") from None


class _Request:
    """Transport of google-auth with a total timeout for all requests.

    Args:
        request: The transport without a total timeout.
    """

    def __init__(self, request: Any) -> None:
        # google-auth adds client certificates to it.
        self.session = request.session
        self._request = request
        self._end = time.monotonic() + TOTAL_SECONDS

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Any:
        left = self._end - time.monotonic()
        if left <= 0:
            # google-auth does not retry after this exception.
            raise TimeoutError
        seconds = min(left, RESPONSE_SECONDS)
        return self._request(url, method, body, headers, timeout=seconds, **options)


def _address(name: str, endpoint: str) -> str:
    parts = _NAME.fullmatch(name)
    if not parts:
        raise _unavailable(
            "invalid name", "GCP_SECRET_NAME must look like projects/PROJECT/secrets/NAME"
        )
    region = f".{parts['location']}.rep" if parts["location"] else ""
    base = endpoint.rstrip("/") or f"https://secretmanager{region}.googleapis.com"
    try:
        address = urlsplit(base)
        found = address.scheme in {"http", "https"} and address.hostname and address.port != 0
    except ValueError:
        found = False
    if not found:
        raise _unavailable("invalid address", "GCP_ENDPOINT_URL must look like https://host[:port]")
    return f"{base}/v1/{name}{'' if parts['version'] else '/versions/latest'}:access"


def _ask(url: str) -> tuple[int, bytes]:
    # Imported only if needed, because it takes long.
    import google.auth
    from google.auth.transport.requests import Request

    request: Any = _Request(Request())
    credentials: Any
    headers: dict[str, str] = {}
    with closing(request.session):
        credentials, _ = google.auth.default(scopes=[SCOPE], request=request)
        credentials.before_request(request, "GET", url, headers)
        # A redirect could send the token to another host.
        response = request(url, headers=headers, allow_redirects=False)
        return response.status, response.data


def _content_of(document: object) -> bytes:
    match document:
        case {"payload": {"data": str(data), "dataCrc32c": checksum}}:
            content = base64.b64decode(data, validate=True)
            if str(_crc32c(content)) != str(checksum):
                raise _unavailable("checksum mismatch")
            return content
    raise ValueError


def _crc32c(content: bytes) -> int:
    remainder = 0xFFFFFFFF
    for byte in content:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (0x82F63B78 if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF


def _unavailable(
    cause: str,
    advice: str = "check GCP_SECRET_NAME, and that this machine has credentials of a service "
    "account that may read the secret",
) -> SecretsUnavailable:
    return SecretsUnavailable(
        f"Cannot read the secrets from Google Secret Manager ({cause}): {advice}."
    )
