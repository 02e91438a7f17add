"""Counts of attempts, kept in the database until their window ends."""

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
    """Count one more.

    Args:
        runtime: Where the database is.
        key: What is counted.
        seconds: Length of the window that the first one begins.

    Returns:
        How many there are in this window, and in how many seconds it ends.
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
            # Another was the first.
            if not is_conflict(error):
                raise


async def uncount(runtime: Runtime, key: str) -> None:
    """Take one back."""
    async with runtime.database.session.begin() as session:
        some = (Attempts.key == key) & (Attempts.number > 0)
        await session.execute(update(Attempts).where(some).values(number=Attempts.number - 1))


async def forget(runtime: Runtime, key: str) -> None:
    """Take all back, and drop some of what is over."""
    over = Attempts.ends_at <= utc_now()
    async with runtime.database.session.begin() as session:
        await session.execute(delete(Attempts).where(Attempts.key == key))
        # In the order of their names: those who drop the same wait for each other in turn.
        names = await session.scalars(
            select(Attempts.key).where(over).order_by(Attempts.key).limit(BATCH)
        )
        for name in names:
            await session.execute(delete(Attempts).where(over, Attempts.key == name))


async def _count_on(
    session: AsyncSession, key: str, now: datetime, ends_at: datetime
) -> tuple[int, datetime] | None:
    """Count one more where something was counted before; its row is locked until the commit."""
    over = Attempts.ends_at <= now
    statement = (
        update(Attempts)
        .where(Attempts.key == key)
        # In this order: some databases see the new values of what was set before.
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
