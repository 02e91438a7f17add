"""What an update that was cut off has left behind: files half of which are written."""

from __future__ import annotations

from pathlib import Path

from . import apply
from .errors import Status, UpdateError
from .lock import only_plan
from .plan import PLAN
from .project import Project


def refuse_interrupted(project: Project) -> None:
    """Refuse to look at a project whose files are half written.

    Args:
        project: The project.

    Raises:
        UpdateError: When an update of its repository was interrupted.
    """
    if not (project.folder / PLAN).exists():
        return
    with only_plan(project.folder):
        # Perhaps another project of the repository was just being written.
        interrupted = (project.folder / PLAN).exists()
    if interrupted:
        raise UpdateError(
            "An earlier update was interrupted while it wrote: update without --preview, which "
            "puts back what was there first, or only put it back with --undo."
        )


def undo_interrupted(project: Project) -> None:
    """Put back what was there before an update that was interrupted, if one was.

    Args:
        project: The project.

    Raises:
        UpdateError: When it cannot be put back now, or a file was changed since.
    """
    if left := _undo(project):
        raise UpdateError(
            f"An earlier update was interrupted and is undone now, but for what was changed since "
            f"({', '.join(left)}): commit or stash that, and update again."
        )


def _undo(project: Project) -> tuple[str, ...] | None:
    """Put back; return what was changed since, or None if no update was interrupted."""
    with only_plan(project.folder):
        if not (project.folder / PLAN).exists():
            return None
        end = apply.undo(project.folder)
    if end.how != apply.DONE:
        raise UpdateError(
            f"An earlier update was interrupted, and cannot be undone yet ({end.why}): mend that, "
            "and run this again.",
            Status.FAILED,
        )
    project.look_again()
    return end.left


def undo(folder: Path) -> str:
    """Undo an update that was interrupted, and nothing else.

    Args:
        folder: The project.

    Returns:
        What was done, in a sentence.

    Raises:
        UpdateError: When it cannot be put back now.
    """
    left = _undo(Project(folder))
    if left is None:
        return (
            "No update was interrupted: a finished one is undone by the command that its report "
            "names."
        )
    if left:
        return f"The interrupted update was undone; changed since, and left so: {', '.join(left)}."
    return "The interrupted update was undone."
