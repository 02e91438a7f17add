"""Settings of error reports."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from ..base import PartSettings


class SentrySettings(PartSettings):
    """Address of Sentry."""

    sentry_dsn: SecretStr = Field(
        default=SecretStr(""),
        description="DSN of Sentry, as https://KEY@HOST/PROJECT; empty for no reports.",
    )

    @field_validator("sentry_dsn")
    @classmethod
    def _refuse_invalid_dsn(cls, dsn: SecretStr) -> SecretStr:
        if dsn.get_secret_value() and not _is_dsn(dsn.get_secret_value()):
            raise ValueError(
                "Invalid DSN: expected https://KEY@HOST/PROJECT, "
                "as shown in the project's settings in Sentry."
            )
        return dsn


def _is_dsn(text: str) -> bool:
    try:
        address = urlsplit(text)
        complete = address.hostname and address.username and address.port != 0
    except ValueError:
        return False
    project = address.path.rpartition("/")[2]
    return address.scheme in {"http", "https"} and bool(complete) and project.isdecimal()
