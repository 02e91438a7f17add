"""Migration files, read without running them."""

import ast
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic.util import CommandError


def new_id(taken: Collection[str]) -> str:
    """Generate a revision id from the time in UTC, such as 20260131T235959Z.

    Such ids sort by age, differ between branches, and do not look like secrets to secret scanners,
    unlike Alembic's hexadecimal ids.

    Args:
        taken: Ids of the existing revisions.
    """
    moment = datetime.now(UTC)
    while (revision := f"{moment:%Y%m%dT%H%M%SZ}") in taken:
        moment += timedelta(seconds=1)
    return revision


def revisions(folder: Path) -> dict[str, list[Path]]:
    """Find the migration files of a folder, by revision id.

    Args:
        folder: Folder of the migrations.

    Raises:
        CommandError: If a file is not valid Python.
    """
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.glob("*.py")):
        # Alembic ignores editor lock files and `__init__.py`, too.
        if not file.name.startswith((".#", "__init__")) and (revision := _declared(file)):
            found.setdefault(revision, []).append(file)
    return found


def refuse_duplicates(folder: Path) -> None:
    """Reject migrations with the same revision id.

    Alembic would silently skip one of the files.

    Args:
        folder: Folder of the migrations.

    Raises:
        CommandError: If two files declare the same id.
    """
    for revision, files in revisions(folder).items():
        if len(files) > 1:
            names = " and ".join(file.name for file in files)
            raise CommandError(
                f"Revision {revision} is declared in {names}: change `revision` in one of them, "
                "and `down_revision` in the revisions that follow it."
            )


def _declared(file: Path) -> str | None:
    try:
        module = ast.parse(file.read_bytes())
    except SyntaxError as error:
        raise CommandError(f"{file}, line {error.lineno}: {error.msg}.") from error
    for statement in module.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name("revision")], value=ast.Constant(str(revision)))
                | ast.AnnAssign(target=ast.Name("revision"), value=ast.Constant(str(revision)))
            ):
                return revision
    return None
