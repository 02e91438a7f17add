"""Tables of links in mails, of verified addresses, and of clients that users logged in with."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Model, utc_now
from .users import EMAIL_LENGTH, User


class Link(Model):
    """A link in a mail; it can be used once.

    A link without a user creates an account.
    """

    __tablename__ = "chassis_users_links"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    purpose: Mapped[str] = mapped_column(String(20))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    # The user's address and generation when the link was made; it ends when one of them changes.
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    generation: Mapped[int] = mapped_column(default=0)
    # Of a change of address, which two links have to confirm.
    new_email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH))
    confirmed_at: Mapped[datetime | None]
    # Of an account that the link creates.
    roles: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class VerifiedEmail(Model):
    """The address that a user has proved to receive mails at."""

    __tablename__ = "chassis_users_verified"

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    verified_at: Mapped[datetime] = mapped_column(default=utc_now)


class KnownClient(Model):
    """A program and network that a user has logged in with."""

    __tablename__ = "chassis_users_clients"

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    client_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
