"""New revisions: files that pass the checks of the project before anybody touches them."""

import asyncio
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from alembic.util import CommandError

from ...settings import Settings
from . import migrate
from .engine import Database
from .history import new_id, revisions

MESSAGE_LENGTH = 80


def write(settings: Settings, message: str, *, empty: bool = False) -> Path | None:
    """Write a revision that brings the database to what the models say.

    Args:
        settings: Address of the database.
        message: What it does, in a few words.
        empty: Write one without a step in it, and do not look at models or database.

    Returns:
        The file, or None if there is nothing to change.

    Raises:
        CommandError: When the message, the history or the database does not allow it.
        DatabaseUnreachable: When there is no connection.
    """
    docstring = summary(message)
    migrate.verify()
    migrate.refuse_branches()
    if not empty:
        asyncio.run(_refuse_pending(settings))
    return _path(
        command.revision(
            _config(settings),
            docstring,
            autogenerate=not empty,
            rev_id=_next_id(),
            process_revision_directives=_drop_without_changes,
        )
    )


def merge(settings: Settings, message: str) -> Path | None:
    """Write a revision that follows all heads.

    Args:
        settings: Settings of the service.
        message: What is joined, in a few words.

    Returns:
        The file, or None if there is one head.

    Raises:
        CommandError: When the message or the history does not allow it.
    """
    docstring = summary(message)
    migrate.verify()
    if len(migrate.heads()) < 2:
        return None
    return _path(command.merge(_config(settings), "heads", docstring, rev_id=_next_id()))


def tidy(file: Path) -> str:
    """Format a file and fix it, where ruff is installed.

    Args:
        file: A new revision.

    Returns:
        What ruff cannot fix, in its words.
    """
    if find_spec("ruff") is None:
        return ""
    # The formatter shortens lines first, and lays out what the fixer changed.
    for task in (["format"], ["check", "--fix-only"], ["format"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *task, "--quiet", str(file)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stdout + done.stderr).strip()
    return ""


def summary(message: str) -> str:
    """Make a message the first line of a docstring.

    Args:
        message: What somebody typed.

    Raises:
        CommandError: When it cannot be one.
    """
    # A line of its own, in which no quotes end the docstring.
    line = " ".join(message.split()).replace('"', "'").rstrip(". ")
    if not any(character.isalnum() for character in line):
        raise CommandError('Say in a few words what the revision does, such as -m "add notes".')
    if not line.isprintable():
        raise CommandError("The message has characters that cannot be printed: leave them out.")
    if len(line) > MESSAGE_LENGTH:
        raise CommandError(
            f"The message has {len(line)} characters: use {MESSAGE_LENGTH} at most, "
            "and write more into the file."
        )
    return line if line.endswith(("!", "?")) else f"{line}."


def _next_id() -> str:
    return new_id(revisions(migrate.VERSIONS))


def _config(settings: Settings) -> Config:
    config = migrate.alembic_config(settings)
    # Or Alembic says on stdout what it writes, where a command prints the path alone.
    config.cmd_opts = Namespace(quiet=True)
    return config


async def _refuse_pending(settings: Settings) -> None:
    async with Database.open(settings) as database:
        if await migrate.pending(database):
            raise CommandError("Migrations are pending: run `db upgrade` first.")


def _drop_without_changes(
    _context: MigrationContext,
    _revision: str | Iterable[str | None] | Iterable[str],
    scripts: list[MigrationScript],
) -> None:
    if all(script.upgrade_ops is None or script.upgrade_ops.is_empty() for script in scripts):
        scripts.clear()


def _path(written: Script | list[Script | None] | None) -> Path | None:
    return Path(written.path) if isinstance(written, Script) else None
