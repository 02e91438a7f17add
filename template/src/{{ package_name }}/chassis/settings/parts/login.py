"""Settings of accounts and logins."""

from pydantic import Field, field_validator

from ..base import PartSettings
from ..types import Positive


class LoginSettings(PartSettings):
    """Sign-up, passwords, and limits for login attempts."""

    sign_up: bool = Field(
        default=False,
        description="Allow anybody to create an account; otherwise use `admin create-user`.",
    )
    breached_passwords_file: str = Field(
        default="",
        description="File of breached passwords, as sorted SHA-1 hashes; empty for none.",
    )
    login_attempts: Positive = Field(
        default=10,
        description="Maximum number of wrong passwords per account and time window.",
    )
    login_attempts_per_address: Positive = Field(
        default=100,
        description="Maximum number of wrong passwords per client address and time window.",
    )
    login_window_seconds: Positive = Field(
        default=300,
        description="Length of the time window of login attempts, in seconds.",
    )

    @field_validator("breached_passwords_file")
    @classmethod
    def _refuse_unusable_list(cls, value: str) -> str:
        if value:
            from ...auth.breached import check_list

            check_list(value)
        return value
