"""Counters of login attempts in the database; each expires with its time window."""

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import CursorResult, case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ..db.base import utc_now
from ..db.errors import is_conflict
from ..db.logins import Attempts
from ..runtime import Runtime

BATCH = 10


async def count(runtime: Runtime, key: str, seconds: int) -> tuple[int, int]:
    """Increment a counter.

    Args:
        runtime: The runtime.
        key: Key of the counter.
        seconds: Length of the time window, which begins with the first attempt.

    Returns:
        Number of attempts in this window, and seconds until it ends.
    """
    now = utc_now()
    ends_at = now + timedelta(seconds=seconds)
    while True:
        async with runtime.database.session.begin() as session:
            if counted := await _count_on(session, key, now, ends_at):
                number, end = counted
                return number, round((end - now).total_seconds())
        try:
            async with runtime.database.session.begin() as session:
                await session.execute(insert(Attempts).values(key=key, number=1, ends_at=ends_at))
            return 1, seconds
        except IntegrityError as error:
            # A concurrent request has inserted the row.
            if not is_conflict(error):
                raise


async def uncount(runtime: Runtime, key: str) -> None:
    """Decrement a counter."""
    async with runtime.database.session.begin() as session:
        some = (Attempts.key == key) & (Attempts.number > 0)
        await session.execute(update(Attempts).where(some).values(number=Attempts.number - 1))


async def forget(runtime: Runtime, key: str) -> None:
    """Delete a counter, and up to `BATCH` expired ones."""
    over = Attempts.ends_at <= utc_now()
    async with runtime.database.session.begin() as session:
        await session.execute(delete(Attempts).where(Attempts.key == key))
        # Delete in the order of keys, so that concurrent calls do not deadlock.
        names = await session.scalars(
            select(Attempts.key).where(over).order_by(Attempts.key).limit(BATCH)
        )
        for name in names:
            await session.execute(delete(Attempts).where(over, Attempts.key == name))


async def _count_on(
    session: AsyncSession, key: str, now: datetime, ends_at: datetime
) -> tuple[int, datetime] | None:
    """Increment an existing counter; its row is locked until the commit."""
    over = Attempts.ends_at <= now
    statement = (
        update(Attempts)
        .where(Attempts.key == key)
        # `number` first: some databases use the new values of earlier assignments.
        .ordered_values(
            (Attempts.number, case((over, 1), else_=Attempts.number + 1)),
            (Attempts.ends_at, case((over, ends_at), else_=Attempts.ends_at)),
        )
        .execution_options(synchronize_session=False)
    )
    result = cast("CursorResult[tuple[()]]", await session.execute(statement))
    if result.rowcount == 0:
        return None
    row = (
        await session.execute(select(Attempts.number, Attempts.ends_at).where(Attempts.key == key))
    ).one()
    return row.number, row.ends_at
