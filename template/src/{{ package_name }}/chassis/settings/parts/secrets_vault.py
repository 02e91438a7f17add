"""Settings of secrets in HashiCorp Vault or OpenBao."""

from pydantic import Field, SecretStr

from ...secrets.vault import Source
from ..distribution import DISTRIBUTION
from .secrets import SecretsSettings


class SecretsVaultSettings(SecretsSettings):
    """Location of the secret."""

    secrets_source = Source

    vault_addr: str = Field(
        default="",
        description="Address of Vault, as https://host[:port]; empty for none.",
    )
    vault_token: SecretStr = Field(
        default=SecretStr(""),
        description="Token that may read the secret; empty to use VAULT_TOKEN_FILE.",
    )
    vault_token_file: str = Field(
        default="",
        description="File with the token, such as one that Vault Agent writes.",
    )
    vault_namespace: str = Field(
        default="",
        description="Namespace; empty for none.",
    )
    vault_mount: str = Field(
        default="secret",
        description="Mount path of the KV store (version 2).",
    )
    vault_path: str = Field(
        default=DISTRIBUTION,
        description="Path of the secret; its keys are names of variables.",
    )
