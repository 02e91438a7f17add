"""Settings of the jobs page."""

from pydantic import Field, SecretStr

from ..base import PartSettings

# Shorter passwords can be guessed by brute force.
PASSWORD_LENGTH = 16


class JobsPageSettings(PartSettings):
    """Password of the jobs page."""

    jobs_page_password: SecretStr = Field(
        default=SecretStr(""),
        description="Password of the user admin for /jobs-page; without one there is no page.",
    )

    def production_problems(self) -> list[str]:
        """Report a short password."""
        problems = super().production_problems()
        if 0 < len(self.jobs_page_password.get_secret_value()) < PASSWORD_LENGTH:
            problems.append(
                f"JOBS_PAGE_PASSWORD is short, and production refuses it: "
                f"use {PASSWORD_LENGTH} characters or more"
            )
        return problems
