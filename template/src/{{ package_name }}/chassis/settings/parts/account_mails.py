"""Settings of mails about accounts."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from ..base import PartSettings
from ..types import Positive


class AccountMailsSettings(PartSettings):
    """Links in mails, how long they work, and what they are for."""

    links_url: str = Field(
        default="",
        description="Address that links in mails open, as https://example.com/auth/links.",
    )
    reset_link_seconds: Positive = Field(
        default=3600,
        description="How long a link to reset a password works, in seconds.",
    )
    email_link_seconds: Positive = Field(
        default=86_400,
        description="How long a link to confirm an e-mail address works, in seconds.",
    )
    invitation_seconds: Positive = Field(
        default=604_800,
        description="How long an invitation works, in seconds.",
    )
    inviting_role: str = Field(
        default="admin",
        description="Role of the users who can invite others.",
    )
    sign_up_confirmed: bool = Field(
        default=True,
        description="Create an account only when the link in a mail is opened; needs SIGN_UP.",
    )
    login_notices: bool = Field(
        default=True,
        description="Tell users in a mail when somebody logs in from a new program or network.",
    )
    account_mails_per_hour: Positive = Field(
        default=5,
        description="Maximum number of links sent to an e-mail address per hour.",
    )

    @field_validator("links_url")
    @classmethod
    def _refuse_invalid_address(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or "?" in value:
            raise ValueError("Invalid address: write it as https://host[:port]/path.")
        if "#" in value or parts.username is not None:
            raise ValueError("The address must have neither a user nor a part after #.")
        return value.rstrip("/")
