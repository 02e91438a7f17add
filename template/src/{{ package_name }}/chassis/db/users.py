"""Table of users."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from .base import Model, utc_now

EMAIL_LENGTH = 254


class User(Model):
    """A user account; the e-mail address is unique and normalized."""

    __tablename__ = "chassis_users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    roles: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_active: Mapped[bool] = mapped_column(default=True)
    # Incremented to end all logins of the user.
    generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


async def find_user(session: AsyncSession, email: str) -> User | None:
    """Look up a user by e-mail address.

    Args:
        session: The database session.
        email: The normalized address.
    """
    user = await session.scalar(select(User).where(User.email == email))
    # Some databases treat é and e as equal.
    return user if user is not None and user.email == email else None
