"""A page of rows from PostgreSQL, with FastAPI by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Query  # type: ignore[import-not-found]
from pydantic import BaseModel
from rows_models import address, page  # type: ignore[import-not-found]
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine(address())
sessions = async_sessionmaker(engine, expire_on_commit=False)


class NoteOut(BaseModel):
    """A note in a response."""

    id: UUID
    title: str
    body: str
    created_at: datetime
    archived_at: datetime | None


class NotePage(BaseModel):
    """A page of notes."""

    items: list[NoteOut]
    total: int
    limit: int
    offset: int


class Health(BaseModel):
    """State of this process."""

    status: str
    release: str


async def open_session() -> AsyncIterator[AsyncSession]:
    """A session that commits after the handler."""
    async with sessions() as session:
        yield session
        await session.commit()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Close the connections at the end."""
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/notes")  # type: ignore[untyped-decorator]
async def list_notes(
    session: Annotated[AsyncSession, Depends(open_session)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> NotePage:
    """List notes."""
    found, total = await page(session, limit, offset)
    items = [NoteOut.model_validate(note, from_attributes=True) for note in found]
    return NotePage(items=items, total=total, limit=limit, offset=offset)


@app.get("/health/live")  # type: ignore[untyped-decorator]
async def live() -> Health:
    """Answer."""
    return Health(status="ok", release="0.1.0")
