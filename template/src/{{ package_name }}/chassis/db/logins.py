"""Tables of logins by refresh token, and of login attempts."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Model, utc_now
from .users import User

AGENT_LENGTH = 200


class Login(Model):
    """A login; it has one valid refresh token at a time.

    Columns that can be NULL are so in logins of releases before 1.7.0 of the template.
    """

    __tablename__ = "chassis_users_logins"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    # The user's generation at login; the login ends when the user gets a new one.
    generation: Mapped[int]
    secret_hash: Mapped[str] = mapped_column(String(64))
    # Hash of the refresh token before, and when it was used.
    previous_hash: Mapped[str | None] = mapped_column(String(64))
    rotated_at: Mapped[datetime | None]
    # Identifies the refresh tokens of this login, also those that were replaced long ago.
    family_key: Mapped[str | None] = mapped_column(String(64))
    # Address and User-Agent of the client at login.
    address: Mapped[str | None] = mapped_column(String(45))
    agent: Mapped[str | None] = mapped_column(String(AGENT_LENGTH))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]


class Attempts(Model):
    """A counter of login attempts in a time window."""

    __tablename__ = "chassis_users_attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)
