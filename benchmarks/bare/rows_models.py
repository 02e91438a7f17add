"""The table and the queries of both applications that list rows."""

import os
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, String, Text, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Model(DeclarativeBase):
    """Base of the models."""


class Note(Model):
    """A note."""

    __tablename__ = "notes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


def address() -> str:
    """Address of the database, with the driver."""
    return os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")


async def page(session: AsyncSession, limit: int, offset: int) -> tuple[Sequence[Note], int]:
    """List notes, latest first.

    Args:
        session: The session.
        limit: Maximum number of notes.
        offset: Number of notes to skip.

    Returns:
        The notes, and the number of all notes.
    """
    query = select(Note).order_by(Note.created_at.desc(), Note.id).limit(limit).offset(offset)
    found = (await session.scalars(query)).all()
    return found, await session.scalar(select(func.count()).select_from(Note)) or 0
