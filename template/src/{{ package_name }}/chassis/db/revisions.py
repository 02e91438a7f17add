"""New migration files, which pass the project's checks as generated."""

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

from ..settings import ChassisSettings
from . import migrate
from .engine import Database
from .history import new_id, revisions

MESSAGE_LENGTH = 80


def write(settings: ChassisSettings, message: str, *, empty: bool = False) -> Path | None:
    """Write a migration from the differences between models and database.

    Args:
        settings: Settings with the address of the database.
        message: Summary of the migration.
        empty: Write an empty migration, without comparing models and database.

    Returns:
        The file, or None if there are no differences.

    Raises:
        CommandError: If the message is invalid, or the migrations or the database do not allow it.
        DatabaseUnreachable: If the database cannot be reached.
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


def merge(settings: ChassisSettings, message: str) -> Path | None:
    """Write a migration that joins all heads.

    Args:
        settings: Settings of the service.
        message: Summary of the migration.

    Returns:
        The file, or None if there is only one head.

    Raises:
        CommandError: If the message or a migration file is invalid.
    """
    docstring = summary(message)
    migrate.verify()
    if len(migrate.heads()) < 2:
        return None
    return _path(command.merge(_config(settings), "heads", docstring, rev_id=_next_id()))


def tidy(file: Path) -> str:
    """Format a migration file and fix lint findings, if ruff is installed.

    Args:
        file: A new migration file.

    Returns:
        Output of ruff about what it cannot fix, or an empty string.
    """
    if find_spec("ruff") is None:
        return ""
    # Format before and after fixing: the linter checks line lengths, and fixes change the layout.
    for task in (["format"], ["check", "--fix-only"], ["format"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *task, "--quiet", str(file)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stdout + done.stderr).strip()
    return ""


def summary(message: str) -> str:
    """Turn a message into the first line of a docstring.

    Args:
        message: The message as typed.

    Raises:
        CommandError: If the message is empty, too long or not printable.
    """
    # One line, without quotes that could end the docstring.
    line = " ".join(message.split()).replace('"', "'").rstrip(". ")
    if not any(character.isalnum() for character in line):
        raise CommandError('The message is empty: describe the migration, such as -m "add notes".')
    if not line.isprintable():
        raise CommandError("The message contains unprintable characters: remove them.")
    if len(line) > MESSAGE_LENGTH:
        raise CommandError(
            f"The message has {len(line)} characters: use at most {MESSAGE_LENGTH}, "
            "and add details in the file."
        )
    return line if line.endswith(("!", "?")) else f"{line}."


def _next_id() -> str:
    return new_id(revisions(migrate.VERSIONS))


def _config(settings: ChassisSettings) -> Config:
    config = migrate.alembic_config(settings)
    # Without it, Alembic prints messages to stdout, where the command prints only the path.
    config.cmd_opts = Namespace(quiet=True)
    return config


async def _refuse_pending(settings: ChassisSettings) -> None:
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
