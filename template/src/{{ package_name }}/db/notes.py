"""Queries for notes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import CursorResult, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.db.base import utc_now
from ..chassis.db.pages import Page, Sorting
from .models import Note

BATCH = 100
SORTING = Sorting(Note.id, Note.created_at, Note.title, Note.archived_at, default="-created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which notes to find; None finds all."""

    archived: bool | None = None
    created_since: datetime | None = None
    created_before: datetime | None = None

    def apply(self, query: Select[Note]) -> Select[Note]:
        """Add the conditions to a query."""
        if self.archived is not None:
            is_archived = Note.archived_at.is_not(None)
            query = query.where(is_archived if self.archived else ~is_archived)
        if self.created_since is not None:
            query = query.where(Note.created_at >= self.created_since)
        if self.created_before is not None:
            query = query.where(Note.created_at < self.created_before)
        return query


EVERY = Filters()


async def page(
    session: AsyncSession,
    filters: Filters,
    *,
    limit: int,
    sort: str | None = None,
    cursor: str | None = None,
    offset: int = 0,
) -> Page[Note]:
    """Read a page of notes.

    Args:
        session: The database session.
        filters: Which notes to find.
        limit: Maximum number of notes.
        sort: One of the names of `SORTING`; None for that of the cursor, or latest first.
        cursor: Cursor of another page; None for the first page.
        offset: Number of notes to skip, instead of a cursor.

    Raises:
        InvalidPage: If there is no such sort, or the cursor is invalid.
    """
    query = filters.apply(select(Note))
    return await SORTING.page(session, query, limit=limit, sort=sort, cursor=cursor, offset=offset)


async def count(session: AsyncSession, filters: Filters = EVERY) -> int:
    """Number of notes."""
    found = filters.apply(select(Note)).subquery()
    return await session.scalar(select(func.count()).select_from(found)) or 0


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
