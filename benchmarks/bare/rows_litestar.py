"""A page of rows from PostgreSQL, with Litestar by hand, attached to a broker as well."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter
from rows_models import address, page  # type: ignore[import-not-found]
from saq import Queue
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from web import live  # type: ignore[import-not-found]

engine = create_async_engine(address())
sessions = async_sessionmaker(engine, expire_on_commit=False)


class NoteOut(msgspec.Struct):
    """A note in a response."""

    id: UUID
    title: str
    body: str
    created_at: datetime
    archived_at: datetime | None


class NotePage(msgspec.Struct):
    """A page of notes."""

    items: list[NoteOut]
    total: int
    limit: int
    offset: int


async def open_session() -> AsyncIterator[AsyncSession]:
    """A session that commits after the handler."""
    async with sessions() as session:
        yield session
        await session.commit()


@get("/notes")
async def list_notes(
    session: NamedDependency[AsyncSession],
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    offset: Annotated[int, QueryParameter(ge=0)] = 0,
) -> NotePage:
    """List notes."""
    found, total = await page(session, limit, offset)
    items = [NoteOut(n.id, n.title, n.body, n.created_at, n.archived_at) for n in found]
    return NotePage(items, total, limit, offset)


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Open the queue, and close the connections at the end."""
    app.state.queue = Queue.from_url(os.environ["REDIS_URL"])
    yield
    await app.state.queue.disconnect()
    await engine.dispose()


app = Litestar(
    [list_notes, live], dependencies={"session": Provide(open_session)}, lifespan=[lifespan]
)
