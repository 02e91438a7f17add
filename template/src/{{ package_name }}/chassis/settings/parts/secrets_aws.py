"""Settings of secrets in AWS Secrets Manager."""

from pydantic import Field

from ...secrets.aws import Source
from .secrets import SecretsSettings


class SecretsAwsSettings(SecretsSettings):
    """Location of the secret."""

    secrets_source = Source

    aws_secret_id: str = Field(
        default="",
        description="Name or ARN of the secret, a JSON object of variables; empty for none.",
    )
    aws_region: str = Field(
        default="us-east-1",
        description="Region of the secret.",
    )
    aws_endpoint_url: str = Field(
        default="",
        description="Address of AWS Secrets Manager; empty for the default of the region.",
    )
