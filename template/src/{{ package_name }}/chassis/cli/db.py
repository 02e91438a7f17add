"""`db`: migrate the database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alembic.config import Config

db = typer.Typer(help="Migrate the database.", no_args_is_help=True)

WAIT_SECONDS = 30

Message = Annotated[str, typer.Option("--message", "-m", help="Summary of the migration.")]
Revision = Annotated[str, typer.Argument(help="Revision to go to.")]


@db.command()
def upgrade(
    revision: Revision = "heads",
    wait: Annotated[
        float, typer.Option(min=0, help="How long to wait for the database, in seconds.")
    ] = WAIT_SECONDS,
) -> None:
    """Apply pending migrations; safe to run concurrently."""
    from ..db import migrate
    from .process import begin

    settings = begin("db", stream="stderr")
    with _in_one_sentence():
        migrate.upgrade(settings, revision, wait=wait)


# A revision such as -1 would be parsed as an option.
@db.command(context_settings={"ignore_unknown_options": True})
def downgrade(revision: Annotated[str, typer.Argument(help="Revision to go back to.")]) -> None:
    """Revert migrations."""
    from ..db import migrate
    from .process import begin

    settings = begin("db", stream="stderr")
    with _in_one_sentence():
        migrate.downgrade(settings, revision)


@db.command()
def stamp(revision: Revision) -> None:
    """Record that the database is at a revision, without migrating it."""
    from ..db import migrate
    from .process import begin

    settings = begin("db", stream="stderr")
    with _in_one_sentence():
        migrate.stamp(settings, revision)


@db.command()
def revision(
    message: Message,
    empty: Annotated[
        bool, typer.Option("--empty", help="Write an empty migration, without comparing models.")
    ] = False,
) -> None:
    """Write a migration from the differences between models and database."""
    from ..db import revisions
    from .process import begin

    settings = begin("db", stream="stderr")
    with _in_one_sentence():
        written = revisions.write(settings, message, empty=empty)
    if written is None:
        typer.echo(
            "No changes: the models match the database. Use --empty for an empty migration.",
            err=True,
        )
    else:
        _finish(written)


@db.command()
def merge(message: Message) -> None:
    """Write a migration that joins several heads into one."""
    from ..db import revisions
    from .process import begin

    settings = begin("db", stream="stderr")
    with _in_one_sentence():
        written = revisions.merge(settings, message)
    if written is None:
        typer.echo("Nothing to merge: the migrations have one head.", err=True)
    else:
        _finish(written)


@db.command()
def current() -> None:
    """Show the current revision of the database."""
    from alembic import command

    with _in_one_sentence():
        command.current(_config(), verbose=False)


@db.command()
def history() -> None:
    """List the migrations."""
    from alembic import command

    command.history(_config())


def _config() -> Config:
    from ..db.migrate import alembic_config
    from .process import begin

    return alembic_config(begin("db", stream="stderr"))


def _finish(file: Path) -> None:
    """Format a new migration and print its path."""
    from pathlib import Path

    from ..db.revisions import tidy
    from .process import fail

    findings = tidy(file)
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    typer.echo(shown)
    if findings:
        typer.echo(findings, err=True)
        fail(f"{shown} is written, but ruff cannot fix everything in it: see above.")


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """End the command with one sentence instead of a traceback."""
    import structlog
    from alembic.util import CommandError

    from ..db.engine import DatabaseUnreachable
    from ..db.failures import MigrationFailed
    from .process import fail

    log = structlog.get_logger(__name__)
    try:
        yield
    except CommandError as error:
        fail(str(error))
    except MigrationFailed as error:
        log.debug("migration failed", exc_info=error.__cause__)
        fail(str(error))
    except DatabaseUnreachable as error:
        fail(
            f"{error} Check DATABASE_URL, and that the database is running. "
            "`db upgrade --wait 120` waits up to two minutes."
        )
