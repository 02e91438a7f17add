"""Settings of Redis."""

import re

from pydantic import Field, SecretStr, field_validator

from ..addresses import check_address
from ..base import PartSettings

_FORM = "redis://[user:password@]host[:port][/number]"
# After the host there is only a number: everything else is a part of a password with special
# characters.
_NUMBER = re.compile(r"(?:rediss?://(?:[^/?#\[\]@]*@)?[^/?#@]*(?:/\d*)?|unix://[^?#]*)(?:\?[^#]*)?")


class RedisSettings(PartSettings):
    """Address of Redis."""

    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        description="Redis or Valkey, as redis://[user:password@]host[:port][/number].",
    )

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, address: SecretStr) -> SecretStr:
        check_address(address, _FORM, schemes=("redis", "rediss", "unix"))
        if not _NUMBER.fullmatch(address.get_secret_value()):
            raise ValueError(
                f"Invalid address: write it as {_FORM}; "
                "in a password, write / ? # [ and ] as %2F %3F %23 %5B and %5D."
            )
        return address
