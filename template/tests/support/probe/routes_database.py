"""Routes that read and write the database."""

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Column, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from .rows import store_refused

LINES = Table("probe_lines", MetaData(), Column("line", String(100), primary_key=True))


@get("/probe/lines")
async def probe_lines(session: NamedDependency[AsyncSession]) -> list[str]:
    """List the stored lines."""
    return list(await session.scalars(select(LINES.c.line).order_by(LINES.c.line)))


@post("/probe/lines")
async def probe_store(session: NamedDependency[AsyncSession], data: JSONBody[str]) -> str:
    """Store a line; a duplicate is a conflict."""
    await session.execute(insert(LINES).values(line=data))
    return data


@put("/probe/lines")
async def probe_clear(session: NamedDependency[AsyncSession]) -> None:
    """Create an empty table for the lines."""
    connection = await session.connection()
    await connection.run_sync(LINES.metadata.drop_all)
    await connection.run_sync(LINES.metadata.create_all)


@post("/probe/refused/{way:str}")
async def probe_refuse(
    session: NamedDependency[AsyncSession], way: FromPath[str], data: JSONBody[str]
) -> None:
    """Insert an invalid row with a word in it."""
    await store_refused(session, way, data)


ROUTES = [probe_lines, probe_store, probe_clear, probe_refuse]
