"""Azure Key Vault: one secret, which is a JSON object of settings."""

import json
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from urllib.parse import urlsplit

from .source import RESPONSE_SECONDS, SecretsSource, SecretsUnavailable, texts

CONNECT_SECONDS = 2

for library in ("azure", "msal"):
    # Without a handler, warnings would be written to stderr beside our error message.
    logging.getLogger(library).addHandler(logging.NullHandler())


class Source(SecretsSource):
    """Reads AZURE_SECRET_NAME if AZURE_KEY_VAULT_URL is set, with the machine's identity."""

    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read the latest version of the secret, or the one that the name gives."""
        if not settings.azure_key_vault_url:
            return {}
        url = _checked(settings.azure_key_vault_url)
        name, _, version = settings.azure_secret_name.partition("/")
        # Imported only if needed, because it takes long.
        from azure.core.exceptions import AzureError, HttpResponseError
        from azure.identity import DefaultAzureCredential
        from azure.keyvault.secrets import SecretClient

        # By default, the libraries retry for minutes.
        bounds = {
            "connection_timeout": CONNECT_SECONDS,
            "read_timeout": RESPONSE_SECONDS,
            "retry_total": 0,
        }
        try:
            # Exclude rare developer tools, because each takes seconds to fail.
            credential = DefaultAzureCredential(
                exclude_shared_token_cache_credential=True,
                exclude_visual_studio_code_credential=True,
                exclude_powershell_credential=True,
                exclude_developer_cli_credential=True,
                exclude_broker_credential=True,
                **bounds,
            )
            with credential, SecretClient(url, credential, **bounds) as client:
                value = client.get_secret(name, version or None).value
        except HttpResponseError as error:
            status = error.status_code
            raise _unavailable(f"status {status}" if status else type(error).__name__) from None
        except (AzureError, OSError, ValueError) as error:
            raise _unavailable(type(error).__name__) from None
        try:
            return texts(json.loads(value or ""))
        except ValueError:
            raise _unavailable("not a JSON object") from None


def _checked(url: str) -> str:
    try:
        address = urlsplit(url)
        found = address.scheme == "https" and address.hostname and address.port != 0
    except ValueError:
        found = False
    if not found:
        raise _unavailable(
            "invalid address", "AZURE_KEY_VAULT_URL must look like https://NAME.vault.azure.net"
        )
    return url


def _unavailable(
    cause: str,
    advice: str = "check AZURE_KEY_VAULT_URL and AZURE_SECRET_NAME, and that the identity of this "
    "machine may read the secret",
) -> SecretsUnavailable:
    return SecretsUnavailable(f"Cannot read the secrets from Azure Key Vault ({cause}): {advice}.")
