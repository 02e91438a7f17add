"""A table with constraints, and statements that the database refuses."""

from sqlalchemy import CheckConstraint, Column, Integer, MetaData, String, Table, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

ROWS = Table(
    "probe_rows",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("word", String(100), unique=True),
    Column("number", Integer, CheckConstraint("number > 0"), nullable=False),
)
# Reasons why the database refuses a row, or a statement.
REFUSED: dict[str, dict[str, object]] = {
    "duplicate": {},
    "null": {"number": None},
    "check": {"number": -1},
    "statement": {},
}


async def store_refused(session: AsyncSession, way: str, word: str) -> None:
    """Send a statement that the database refuses.

    Args:
        session: An open session.
        way: Why it is invalid, a key of `REFUSED`.
        word: A word in the row.
    """
    if way == "statement":
        await session.execute(text("SELECT missing FROM probe_rows WHERE word = :w"), {"w": word})
    row = {"word": word, "number": 1, **REFUSED[way]}
    await session.execute(insert(ROWS).values(row))
    await session.execute(insert(ROWS).values(row))
