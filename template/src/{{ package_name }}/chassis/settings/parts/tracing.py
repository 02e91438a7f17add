"""Settings of traces."""

import re
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from ..base import PartSettings


class TracingSettings(PartSettings):
    """Collector and sampling of traces."""

    otel_exporter_otlp_endpoint: str = Field(
        default="",
        description="Collector that traces are sent to, as http://host:4318; empty for none.",
    )
    otel_exporter_otlp_headers: SecretStr = Field(
        default=SecretStr(""),
        description="Headers for the collector, as name=value,other=value.",
    )
    otel_traces_sampler_arg: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0,
        description="Sampling ratio for traces without a sampled parent.",
    )

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _refuse_invalid_endpoint(cls, value: str) -> str:
        if not re.fullmatch(r"(https?://[^/\s]+[^\s?#]*)?", value):
            raise ValueError("Invalid collector address: expected http://host:port.")
        return value

    @field_validator("otel_exporter_otlp_headers")
    @classmethod
    def _refuse_invalid_headers(cls, value: SecretStr) -> SecretStr:
        headers = filter(None, value.get_secret_value().split(","))
        if not all(re.fullmatch(r"\s*[\w.-]+\s*=[^,\s]*\s*", header) for header in headers):
            raise ValueError("Invalid headers: expected name=value,other=value.")
        return value
