"""Secrets in AWS Secrets Manager: one secret, a JSON object with all settings."""

import json
from collections.abc import Mapping
from types import SimpleNamespace

from .source import ANSWER_SECONDS, SecretsSource, SecretsUnavailable, texts

CONNECT_SECONDS = 2
ATTEMPTS = 2


class Source(SecretsSource):
    """Reads AWS_SECRET_ID where it is set, with the role that the machine has."""

    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read the current version of the secret."""
        if not settings.aws_secret_id:
            return {}
        # A process without such a secret does not wait for these.
        from boto3.session import Session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"total_max_attempts": ATTEMPTS},
        )
        try:
            # Not the default session, which the service may use, and which keeps credentials.
            client = Session().client(
                "secretsmanager",
                region_name=settings.aws_region,
                endpoint_url=settings.aws_endpoint_url or None,
                config=config,
            )
            answer = client.get_secret_value(SecretId=settings.aws_secret_id)
        except ClientError as error:
            raise _unavailable(error.response["Error"]["Code"]) from None
        except (BotoCoreError, ValueError) as error:
            raise _unavailable(type(error).__name__) from None
        try:
            # A secret may be bytes instead.
            return texts(json.loads(answer.get("SecretString", "")))
        except ValueError:
            raise _unavailable("no JSON object") from None


def _unavailable(cause: str) -> SecretsUnavailable:
    return SecretsUnavailable(
        f"The secrets in AWS Secrets Manager cannot be read ({cause}): see that AWS_SECRET_ID and "
        "AWS_REGION are right, and that the role of this machine may read it."
    )
