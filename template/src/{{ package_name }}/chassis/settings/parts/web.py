"""Settings of the web process."""

from ipaddress import ip_network

from pydantic import Field, field_validator

from ..base import PartSettings
from ..types import PortOrZero, Positive


class WebSettings(PartSettings):
    """Address and limits of the web process."""

    host: str = Field(
        default="127.0.0.1",
        description="Address that the web process listens on.",
    )
    port: PortOrZero = Field(
        default=8000,
        description="Port that the web process listens on; 0 for a free one, which is logged.",
    )
    web_processes: Positive = Field(
        default=1,
        description="Server processes on this machine; in containers, scale containers instead.",
    )
    request_max_bytes: Positive = Field(
        default=1_000_000,
        description="Maximum size of a request body, in bytes.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Proxies whose X-Forwarded-For is trusted, as 10.0.0.1,192.168.0.0/16.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _refuse_invalid_proxies(cls, value: str) -> str:
        for network in filter(None, value.split(",")):
            try:
                ip_network(network.strip())
            except ValueError:
                raise ValueError(
                    "Invalid proxy: use comma-separated IP addresses or CIDR ranges."
                ) from None
        return value
