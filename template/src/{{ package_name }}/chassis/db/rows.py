"""Rows that are read in order to be changed."""

from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

Row = TypeVar("Row")


async def get_locked(session: AsyncSession, model: type[Row], key: Any) -> Row | None:
    """Get a row, and lock it until the end of the transaction.

    What is decided from its values still holds when the change is written: other transactions that
    want to change the row wait. If the database cannot lock rows, the transaction locks all of it.

    Args:
        session: The database session, which may write.
        model: Class of the row.
        key: Primary key.

    Returns:
        The row as it is now, or None if there is none.
    """
    # The session may have read it before the lock.
    return await session.get(model, key, with_for_update=True, populate_existing=True)
