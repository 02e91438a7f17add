"""Settings of login sessions."""

from pydantic import Field

from ..base import PartSettings
from ..types import Positive


class SessionSettings(PartSettings):
    """Lifetimes of sessions."""

    session_idle_seconds: Positive = Field(
        default=1800,
        description="Lifetime of a login without requests, in seconds.",
    )
    session_seconds: Positive = Field(
        default=43_200,
        description="Maximum lifetime of a login, in seconds.",
    )
