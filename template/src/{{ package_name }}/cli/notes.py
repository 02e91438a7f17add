"""Admin commands for notes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..chassis.runtime import Runtime
    from ..settings import Settings

admin = typer.Typer(help="Tasks of an administrator.", no_args_is_help=True)


@admin.command()
def create(
    title: Annotated[str, typer.Argument(help="Title; must be unique.")],
    body: Annotated[str, typer.Option(help="Text of the note.")] = "",
) -> None:
    """Create a note and print its id."""
    from sqlalchemy.exc import IntegrityError

    from ..chassis.cli.process import fail, in_runtime
    from ..db.models import Note

    async def task(runtime: Runtime) -> str:
        async with runtime.database.session.begin() as session:
            note = Note(title=title, body=body)
            session.add(note)
        return str(note.id)

    try:
        typer.echo(in_runtime(task))
    except IntegrityError:
        fail(f"A note with the title {title!r} exists: choose another title.")


@admin.command()
def cleanup(
    days: Annotated[
        int | None, typer.Option(min=0, help="Days since the notes were archived.")
    ] = None,
) -> None:
    """Delete notes that were archived long ago; the default age is NOTE_KEEP_DAYS."""
    from ..chassis.cli.process import in_runtime
    from ..db import notes

    async def task(runtime: Runtime[Settings]) -> int:
        kept = runtime.settings.note_keep_days if days is None else days
        async with runtime.database.session.begin() as session:
            return await notes.purge(session, days=kept)

    typer.echo(f"{in_runtime(task)} deleted")


@admin.command()
def export(
    output: Annotated[Path | None, typer.Option(help="File to write instead of stdout.")] = None,
) -> None:
    """Write all notes as CSV."""
    import csv
    import sys

    from ..chassis.cli.process import in_runtime
    from ..db import notes

    async def task(runtime: Runtime) -> None:
        stream = output.open("w", newline="") if output else sys.stdout
        try:
            table = csv.writer(stream)
            table.writerow(["id", "title", "body", "created_at", "archived_at"])
            async with runtime.database.session() as session:
                async for note in notes.every(session):
                    archived = note.archived_at.isoformat() if note.archived_at else ""
                    created = note.created_at.isoformat()
                    table.writerow([note.id, note.title, note.body, created, archived])
        finally:
            if output:
                stream.close()

    in_runtime(task)
