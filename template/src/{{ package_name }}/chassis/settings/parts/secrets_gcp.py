"""Settings of secrets in Google Secret Manager."""

from pydantic import Field

from ...secrets.gcp import Source
from .secrets import SecretsSettings


class SecretsGcpSettings(SecretsSettings):
    """Location of the secret."""

    secrets_source = Source

    gcp_secret_name: str = Field(
        default="",
        description="Secret, as projects/PROJECT/secrets/NAME, a JSON object; empty for none.",
    )
    gcp_endpoint_url: str = Field(
        default="",
        description="Address of Google Secret Manager; empty for the default of the location.",
    )
