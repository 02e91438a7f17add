"""Settings of outgoing requests."""

import re

from pydantic import Field, SecretStr, field_validator

from ..base import PartSettings
from ..types import NotNegative, Positive


class HttpClientSettings(PartSettings):
    """Timeouts, retries and proxy of outgoing requests."""

    http_connect_seconds: Positive = Field(
        default=5,
        description="Timeout for connecting to another service, in seconds.",
    )
    http_silence_seconds: Positive = Field(
        default=10,
        description="Timeout for each read from another service, in seconds.",
    )
    http_total_seconds: Positive = Field(
        default=30,
        description="Timeout of an outgoing request with all its retries, in seconds.",
    )
    http_retries: NotNegative = Field(
        default=3,
        description="Maximum number of retries of a failed outgoing request.",
    )
    http_proxy_url: SecretStr = Field(
        default=SecretStr(""),
        description="Proxy of outgoing requests, as http://[user:password@]host[:port].",
    )

    @field_validator("http_proxy_url")
    @classmethod
    def _refuse_invalid_proxy(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"(https?://[^/\s]+/?)?", value.get_secret_value()):
            raise ValueError("Invalid proxy address: expected http://host:port.")
        return value
