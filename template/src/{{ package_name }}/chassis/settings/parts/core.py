"""Settings that every service has."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from ..base import PartSettings
from ..distribution import distribution_version
from ..types import Positive


class CoreSettings(PartSettings):
    """Deployment, release, logging and shutdown."""

    environment: Literal["development", "test", "production"] = Field(
        default="development",
        description="Type of the deployment; production refuses default secrets.",
    )
    debug: bool = Field(
        default=False,
        description="Show stack traces to clients; refused in production.",
    )
    git_sha: str = Field(
        default="",
        description="Commit that this release was built from; set by the build.",
    )
    build_time: str = Field(
        default="",
        description="When this release was built, as 2026-01-31T12:00:00Z; set by the build.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="Minimum level of log events.",
    )
    log_format: Literal["json", "console"] = Field(
        default="json",
        description="One JSON object per line, or readable lines for a terminal.",
    )
    shutdown_seconds: Positive = Field(
        default=25,
        description="Grace period after SIGTERM, in seconds.",
    )

    @property
    def production(self) -> bool:
        """Whether this is a production deployment."""
        return self.environment == "production"

    @property
    def release(self) -> str:
        """Version with commit and build time, such as `1.4.0+0123456789ab.20260131T120000Z`."""
        built = [self.git_sha[:12], self.build_time.replace("-", "").replace(":", "")]
        return "+".join(filter(None, [distribution_version(), ".".join(filter(None, built))]))

    def production_problems(self) -> list[str]:
        """Report debug mode and default secrets."""
        problems = super().production_problems()
        if self.debug:
            problems.append("DEBUG is on, and production refuses it: unset it")
        problems += [
            f"{name.upper()} has its default value, and production refuses it: set your own"
            for name, field in type(self).model_fields.items()
            if isinstance(field.default, SecretStr)
            # An empty default only turns something off.
            and field.default.get_secret_value()
            and getattr(self, name) == field.default
        ]
        return problems

    @model_validator(mode="after")
    def _refuse_in_production(self) -> Self:
        if self.environment == "production" and (problems := self.production_problems()):
            # Report all problems at once.
            raise ValueError("\n".join(problems))
        return self
