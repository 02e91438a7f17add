"""Errors in migrations, as a sentence about the line that failed."""

import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError


class MigrationFailed(Exception):
    """A migration raised an error, which is its cause."""


@contextmanager
def naming_the_migration(folders: Collection[Path]) -> Iterator[None]:
    """Convert errors that are raised in a migration.

    Args:
        folders: Folders of migrations.

    Raises:
        MigrationFailed: The error, with the file and the line of the migration.
    """
    try:
        yield
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        steps = [frame for frame in frames if Path(frame.filename).parent in folders]
        if not steps:
            raise
        # The driver's own error, without the statement and its values.
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        lines = str(cause).strip().splitlines() or [""]
        name = Path(steps[-1].filename).name
        raise MigrationFailed(
            f"The migration {name} failed in line {steps[-1].lineno}: "
            f"{type(cause).__name__}: {lines[0]}"
        ) from error
