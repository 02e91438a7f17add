"""The files of a history of migrations, read without running them."""

import ast
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic.util import CommandError


def new_id(taken: Collection[str]) -> str:
    """Make an id for a revision: the time in UTC, such as 20260131T235959Z.

    Ids sort by age, and those of two branches differ. Secret scanners look for hexadecimal digits,
    which T and Z are not.

    Args:
        taken: Ids of the revisions that there are.
    """
    moment = datetime.now(UTC)
    while (revision := f"{moment:%Y%m%dT%H%M%SZ}") in taken:
        moment += timedelta(seconds=1)
    return revision


def revisions(folder: Path) -> dict[str, list[Path]]:
    """Find the files of a folder by the id that they declare.

    Args:
        folder: Where the history is.

    Raises:
        CommandError: When a file is not valid Python.
    """
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.glob("*.py")):
        # Alembic ignores these as well: an editor's lock, and the file of a package.
        if not file.name.startswith((".#", "__init__")) and (revision := _declared(file)):
            found.setdefault(revision, []).append(file)
    return found


def refuse_duplicates(folder: Path) -> None:
    """Refuse a history in which an id is declared twice.

    Alembic would ignore one of the files, and count it as applied with the other.

    Args:
        folder: Where the history is.

    Raises:
        CommandError: When an id is declared twice.
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
