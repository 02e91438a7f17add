"""Notes in the database, for whoever needs them."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import cast

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.db.base import utc_now
from .models import Note

BATCH = 100


async def page(session: AsyncSession, *, limit: int, offset: int) -> tuple[Sequence[Note], int]:
    """Latest notes first.

    Args:
        session: Where to look.
        limit: At most this many.
        offset: How many to leave out.

    Returns:
        The notes of this page, and how many there are in all.
    """
    query = select(Note).order_by(Note.created_at.desc(), Note.id)
    notes = await session.scalars(query.limit(limit).offset(offset))
    return notes.all(), await count(session)


async def count(session: AsyncSession) -> int:
    """How many notes there are."""
    return await session.scalar(select(func.count()).select_from(Note)) or 0


async def every(session: AsyncSession) -> AsyncIterator[Note]:
    """All notes, oldest first, without holding them all in memory."""
    query = select(Note).order_by(Note.created_at, Note.id).execution_options(yield_per=BATCH)
    async for note in await session.stream_scalars(query):
        yield note


async def purge(session: AsyncSession, *, days: int) -> int:
    """Delete notes that were archived long ago.

    Args:
        session: Where to delete; the caller commits.
        days: How long an archived note is kept.

    Returns:
        How many were deleted.
    """
    old = Note.archived_at < utc_now() - timedelta(days=days)
    result = cast("CursorResult[tuple[()]]", await session.execute(delete(Note).where(old)))
    return result.rowcount
