"""Settings of the fleet from the environment."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ..errors import Problem


def _of_redis(url: SecretStr) -> SecretStr:
    if not re.match(r"(rediss?://|unix:///?)[^\s]+$", url.get_secret_value()):
        raise ValueError("write a URL such as rediss://:password@host:6379/0")
    return url


class Settings(BaseSettings):
    """Settings from the environment.

    Attributes:
        redis_url: Broker for several machines; empty to start an embedded one.
        log_level: Lowest level that is logged.
        log_format: Log lines as text or JSON.
        retry_delay: Pause before a request to a forge or repository is retried, in s. It doubles
            with each of 8 tries: 5 s last for ten minutes.
    """

    model_config = SettingsConfigDict(env_prefix="FLEET_", env_ignore_empty=True, extra="ignore")

    redis_url: Annotated[SecretStr, AfterValidator(_of_redis)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    retry_delay: float = Field(default=5.0, gt=0)


def read_settings() -> Settings:
    """Read the settings.

    Raises:
        Problem: When one is invalid; the message names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "FLEET_" + str(first["loc"][0]).removeprefix("FLEET_").upper()
        said = first["msg"].removeprefix("Value error, ").removesuffix(".")
        raise Problem(f"{name} is invalid: {said}.") from error
