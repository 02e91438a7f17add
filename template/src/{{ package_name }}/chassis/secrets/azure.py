"""Secrets in Azure Key Vault: one secret, a JSON object with all settings."""

import json
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from urllib.parse import urlsplit

from .source import ANSWER_SECONDS, SecretsSource, SecretsUnavailable, texts

CONNECT_SECONDS = 2

for library in ("azure", "msal"):
    # Without one, their warnings are written to stderr before the one sentence.
    logging.getLogger(library).addHandler(logging.NullHandler())


class Source(SecretsSource):
    """Reads AZURE_SECRET_NAME where AZURE_KEY_VAULT_URL is set, with the machine's identity."""

    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read the latest version of the secret, or that of its name."""
        if not settings.azure_key_vault_url:
            return {}
        url = _checked(settings.azure_key_vault_url)
        name, _, version = settings.azure_secret_name.partition("/")
        # A process without such a secret does not wait for these.
        from azure.core.exceptions import AzureError, HttpResponseError
        from azure.identity import DefaultAzureCredential
        from azure.keyvault.secrets import SecretClient

        # They would try again for minutes.
        bounds = {
            "connection_timeout": CONNECT_SECONDS,
            "read_timeout": ANSWER_SECONDS,
            "retry_total": 0,
        }
        try:
            # Of developers' tools, the most common alone: each takes seconds to say no.
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
            raise _unavailable("no JSON object") from None


def _checked(url: str) -> str:
    try:
        address = urlsplit(url)
        found = address.scheme == "https" and address.hostname and address.port != 0
    except ValueError:
        found = False
    if not found:
        raise _unavailable(
            "no address", "write AZURE_KEY_VAULT_URL as https://NAME.vault.azure.net"
        )
    return url


def _unavailable(
    cause: str,
    advice: str = "see that AZURE_KEY_VAULT_URL and AZURE_SECRET_NAME are right, and that the "
    "identity of this machine may read it",
) -> SecretsUnavailable:
    return SecretsUnavailable(f"The secrets in Azure Key Vault cannot be read ({cause}): {advice}.")
