"""Routes of notes."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.db.base import utc_now
from ..db import notes
from ..db.models import Note

Session = NamedDependency[AsyncSession]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Maximum number of notes.")]
Offset = Annotated[int, QueryParameter(ge=0, le=10**9, description="Number of notes to skip.")]


class NewNote(msgspec.Struct):
    """Request to create a note."""

    title: Title
    body: str = ""


class NoteChanges(msgspec.Struct):
    """Request to change a note; missing fields stay unchanged."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    body: str | msgspec.UnsetType = msgspec.UNSET
    archived: bool | msgspec.UnsetType = msgspec.UNSET


class NoteOut(msgspec.Struct):
    """A note in a response."""

    id: UUID
    title: str
    body: str
    created_at: datetime
    archived_at: datetime | None

    @classmethod
    def of(cls, note: Note) -> Self:
        """Convert a stored note."""
        return cls(note.id, note.title, note.body, note.created_at, note.archived_at)


class NotePage(msgspec.Struct):
    """A page of notes."""

    items: list[NoteOut]
    total: int
    limit: int
    offset: int


class NoteController(Controller):
    """Notes."""

    path = "/notes"
    tags = ("notes",)

    @get(summary="List notes")
    async def list_notes(self, session: Session, limit: Limit = 20, offset: Offset = 0) -> NotePage:
        """List notes, latest first."""
        found, total = await notes.page(session, limit=limit, offset=offset)
        return NotePage([NoteOut.of(note) for note in found], total, limit, offset)

    @post(summary="Create a note")
    async def create(self, session: Session, data: JSONBody[NewNote]) -> Response[NoteOut]:
        """Create a note; if the title is taken, respond with 409."""
        note = Note(title=data.title, body=data.body)
        session.add(note)
        await session.flush()
        return Response(NoteOut.of(note), headers={"Location": f"{self.path}/{note.id}"})

    @get("/{note_id:uuid}", summary="Get a note")
    async def get_note(self, session: Session, note_id: FromPath[UUID]) -> NoteOut:
        """Return a note."""
        return NoteOut.of(await _find(session, note_id))

    @patch("/{note_id:uuid}", summary="Change a note")
    async def change(
        self, session: Session, note_id: FromPath[UUID], data: JSONBody[NoteChanges]
    ) -> NoteOut:
        """Change the given fields of a note."""
        note = await _find(session, note_id)
        if data.title is not msgspec.UNSET:
            note.title = data.title
        if data.body is not msgspec.UNSET:
            note.body = data.body
        if data.archived is not msgspec.UNSET:
            note.archived_at = (note.archived_at or utc_now()) if data.archived else None
        return NoteOut.of(note)

    @delete("/{note_id:uuid}", summary="Delete a note")
    async def remove(self, session: Session, note_id: FromPath[UUID]) -> None:
        """Delete a note permanently."""
        await session.delete(await _find(session, note_id))


async def _find(session: AsyncSession, note_id: UUID) -> Note:
    note = await session.get(Note, note_id)
    if note is None:
        raise NotFoundException("There is no such note.")
    return note
