"""Routes of notes."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.db.base import utc_now
from ..chassis.db.rows import get_locked
from ..chassis.web.connections import AnyRequest
from ..chassis.web.etags import PreconditionFailed, etag_of, require_match
from ..chassis.web.pages import page_links
from ..chassis.web.query import known_query, time_of, time_parameter
from ..db import notes
from ..db.models import Note

Session = NamedDependency[AsyncSession]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Maximum number of notes.")]
Offset = Annotated[int, QueryParameter(ge=0, le=10**9, description="Number of notes to skip.")]
Cursor = Annotated[str | None, QueryParameter(description="Cursor of another page.")]
Sort = Annotated[
    str | None,
    QueryParameter(
        description="Column to sort by; `-` is descending.",
        schema_extra={"enum": notes.SORTING.names},
    ),
]
Archived = Annotated[bool | None, QueryParameter(description="Only archived notes, or none.")]
Since = Annotated[str | None, time_parameter("Only notes from this time on.")]
Before = Annotated[str | None, time_parameter("Only notes before this time.")]
IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", description="ETag of the version to change."),
]
ETAG = ResponseHeader(
    name="ETag", value="", description="Version of the note.", documentation_only=True
)
LINK = ResponseHeader(
    name="Link", value="", description="Links to other pages.", documentation_only=True
)
NOT_MODIFIED = {304: ResponseSpec(None, description="The client has this version")}


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
    """A page of notes.

    `total` and `offset` are null in the response to a cursor, because counting reads all notes.
    """

    items: list[NoteOut]
    limit: int
    total: int | None
    offset: int | None
    next_cursor: str | None
    prev_cursor: str | None


class NoteController(Controller):
    """Notes."""

    path = "/notes"
    tags = ("notes",)

    @get(
        summary="List notes",
        operation_id="list_notes",
        guards=[known_query],
        response_headers=[LINK],
    )
    async def list_notes(
        self,
        request: AnyRequest,
        session: Session,
        limit: Limit = 20,
        cursor: Cursor = None,
        offset: Offset = 0,
        sort: Sort = None,
        archived: Archived = None,
        created_since: Since = None,
        created_before: Before = None,
    ) -> Response[NotePage]:
        """List notes, latest first; follow `next_cursor` or Link to the other pages."""
        filters = notes.Filters(
            archived=archived,
            created_since=time_of(created_since),
            created_before=time_of(created_before),
        )
        page = await notes.page(
            session, filters, limit=limit, sort=sort, cursor=cursor, offset=offset
        )
        content = NotePage(
            items=[NoteOut.of(note) for note in page.rows],
            limit=limit,
            total=await notes.count(session, filters) if cursor is None else None,
            offset=offset if cursor is None else None,
            next_cursor=page.next,
            prev_cursor=page.prev,
        )
        return Response(content, headers=page_links(request, page))

    @post(summary="Create a note", operation_id="create_note", response_headers=[ETAG])
    async def create(self, session: Session, data: JSONBody[NewNote]) -> Response[NoteOut]:
        """Create a note; if the title is taken, respond with 409."""
        note = Note(title=data.title, body=data.body)
        session.add(note)
        await session.flush()
        return _response(note, Location=f"{self.path}/{note.id}")

    @get(
        "/{note_id:uuid}",
        summary="Get a note",
        operation_id="get_note",
        response_headers=[ETAG],
        responses=NOT_MODIFIED,
    )
    async def get_note(self, session: Session, note_id: FromPath[UUID]) -> Response[NoteOut]:
        """Return a note; with the ETag of its version in If-None-Match, respond with 304."""
        return _response(_found(await session.get(Note, note_id)))

    @patch(
        "/{note_id:uuid}",
        summary="Change a note",
        operation_id="change_note",
        response_headers=[ETAG],
        raises=[PreconditionFailed],
    )
    async def change(
        self,
        session: Session,
        note_id: FromPath[UUID],
        data: JSONBody[NoteChanges],
        if_match: IfMatch = None,
    ) -> Response[NoteOut]:
        """Change the given fields of a note; if it is not in the version of If-Match, 412."""
        note = _found(await get_locked(session, Note, note_id))
        require_match(if_match, etag_of(NoteOut.of(note)))
        if data.title is not msgspec.UNSET:
            note.title = data.title
        if data.body is not msgspec.UNSET:
            note.body = data.body
        if data.archived is not msgspec.UNSET:
            note.archived_at = (note.archived_at or utc_now()) if data.archived else None
        return _response(note)

    @delete(
        "/{note_id:uuid}",
        summary="Delete a note",
        operation_id="delete_note",
        raises=[PreconditionFailed],
    )
    async def remove(
        self, session: Session, note_id: FromPath[UUID], if_match: IfMatch = None
    ) -> None:
        """Delete a note permanently; if it is not in the version of If-Match, 412."""
        note = _found(await get_locked(session, Note, note_id))
        require_match(if_match, etag_of(NoteOut.of(note)))
        await session.delete(note)


def _response(note: Note, **headers: str) -> Response[NoteOut]:
    content = NoteOut.of(note)
    return Response(content, headers={"ETag": etag_of(content), **headers})


def _found(note: Note | None) -> Note:
    if note is None:
        raise NotFoundException("There is no such note.")
    return note
