"""Settings of secrets in files."""

from pydantic import Field

from ...secrets.files import Source
from .secrets import SecretsSettings


class SecretsFilesSettings(SecretsSettings):
    """Location of the secrets."""

    secrets_source = Source

    secrets_dir: str = Field(
        default="/run/secrets",
        description="Folder of secrets, one file per variable with its name; it may be missing.",
    )
