"""AWS Secrets Manager: one secret, which is a JSON object of settings."""

import json
from collections.abc import Mapping
from types import SimpleNamespace

from .source import RESPONSE_SECONDS, SecretsSource, SecretsUnavailable, texts

CONNECT_SECONDS = 2
ATTEMPTS = 2


class Source(SecretsSource):
    """Reads the secret AWS_SECRET_ID, if set, with the machine's role."""

    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read the current version of the secret."""
        if not settings.aws_secret_id:
            return {}
        # Imported only if needed, because it takes long.
        from boto3.session import Session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=RESPONSE_SECONDS,
            retries={"total_max_attempts": ATTEMPTS},
        )
        try:
            # A separate session, because the service may configure the default one.
            client = Session().client(
                "secretsmanager",
                region_name=settings.aws_region,
                endpoint_url=settings.aws_endpoint_url or None,
                config=config,
            )
            response = client.get_secret_value(SecretId=settings.aws_secret_id)
        except ClientError as error:
            raise _unavailable(error.response["Error"]["Code"]) from None
        except (BotoCoreError, ValueError) as error:
            raise _unavailable(type(error).__name__) from None
        try:
            # A binary secret has no SecretString.
            return texts(json.loads(response.get("SecretString", "")))
        except ValueError:
            raise _unavailable("not a JSON object") from None


def _unavailable(cause: str) -> SecretsUnavailable:
    return SecretsUnavailable(
        f"Cannot read the secrets from AWS Secrets Manager ({cause}): check AWS_SECRET_ID and "
        "AWS_REGION, and that the role of this machine may read the secret."
    )
