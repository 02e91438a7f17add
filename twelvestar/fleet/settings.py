"""Settings of the fleet from the environment."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ..errors import Problem


def _of_redis(url: SecretStr) -> SecretStr:
    if not re.match(r"(rediss?://|unix:///?)[^\s]+$", url.get_secret_value()):
        raise ValueError("write an address such as rediss://:password@host:6379/0")
    return url


class Settings(BaseSettings):
    """What the environment says.

    Attributes:
        redis_url: Broker of several machines; none starts one of its own.
        log_level: The least that is worth a line.
        log_format: Lines for people or for programs.
        retry_delay: Wait before a forge or a repository is tried again, in s. It doubles with each
            of 8 tries, so that 5 s outlast ten minutes.
    """

    model_config = SettingsConfigDict(env_prefix="FLEET_", env_ignore_empty=True, extra="ignore")

    redis_url: Annotated[SecretStr, AfterValidator(_of_redis)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    retry_delay: float = Field(default=5.0, gt=0)


def read_settings() -> Settings:
    """Read them.

    Raises:
        Problem: When one is wrong, with the variable's name.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "FLEET_" + str(first["loc"][0]).removeprefix("FLEET_").upper()
        said = first["msg"].removeprefix("Value error, ").removesuffix(".")
        raise Problem(f"{name} is wrong: {said}.") from error
