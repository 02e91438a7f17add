"""Queries for notes."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import cast

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.db.base import utc_now
from .models import Note

BATCH = 100


async def page(session: AsyncSession, *, limit: int, offset: int) -> tuple[Sequence[Note], int]:
    """List notes, latest first.

    Args:
        session: The database session.
        limit: Maximum number of notes.
        offset: Number of notes to skip.

    Returns:
        Notes of this page, and the number of all notes.
    """
    query = select(Note).order_by(Note.created_at.desc(), Note.id)
    notes = await session.scalars(query.limit(limit).offset(offset))
    return notes.all(), await count(session)


async def count(session: AsyncSession) -> int:
    """Number of all notes."""
    return await session.scalar(select(func.count()).select_from(Note)) or 0


async def every(session: AsyncSession) -> AsyncIterator[Note]:
    """Iterate over all notes, oldest first, in constant memory."""
    query = select(Note).order_by(Note.created_at, Note.id).execution_options(yield_per=BATCH)
    async for note in await session.stream_scalars(query):
        yield note


async def purge(session: AsyncSession, *, days: int) -> int:
    """Delete notes that were archived long ago.

    Args:
        session: The database session; the caller commits.
        days: Days since the notes were archived.

    Returns:
        Number of deleted notes.
    """
    old = Note.archived_at < utc_now() - timedelta(days=days)
    result = cast("CursorResult[tuple[()]]", await session.execute(delete(Note).where(old)))
    return result.rowcount
