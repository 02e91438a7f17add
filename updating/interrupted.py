"""Projects that an interrupted update has left half written."""

from __future__ import annotations

from pathlib import Path

from . import apply
from .errors import Status, UpdateError
from .lock import only_plan
from .plan import PLAN
from .project import Project


def refuse_interrupted(project: Project) -> None:
    """Refuse a project whose files are half written.

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
            "An earlier update was interrupted while it wrote files: update without --preview, "
            "which restores them first, or only restore them with --undo."
        )


def undo_interrupted(project: Project) -> None:
    """Undo an interrupted update, if there is one.

    Args:
        project: The project.

    Raises:
        UpdateError: When it cannot be undone now, or a file was changed since.
    """
    if (end := _undo(project)) and end.left:
        raise UpdateError(
            "An earlier update was interrupted and is now undone, except for files changed "
            f"since ({', '.join(end.left)}): commit or stash them, and update again."
        )


def _undo(project: Project) -> apply.End | None:
    """Undo; return the result, or None if no update was interrupted."""
    with only_plan(project.folder):
        if not (project.folder / PLAN).exists():
            return None
        end = apply.undo(project.folder, project.top)
    if end.how == apply.NOTHING:
        project.look_again()
        return None
    if end.how not in (apply.DONE, apply.MOVED):
        raise UpdateError(
            f"An earlier update was interrupted, and cannot be undone yet ({end.why}): fix that, "
            "and run this again.",
            Status.FAILED,
        )
    project.look_again()
    return end


def undo(folder: Path) -> str:
    """Only undo an interrupted update.

    Args:
        folder: The project.

    Returns:
        The result, in a sentence.

    Raises:
        UpdateError: When it cannot be undone now.
    """
    end = _undo(Project(folder))
    if end is None:
        return (
            "No update was interrupted. To undo a finished one, run the command at the end of "
            "its report."
        )
    if end.how == apply.MOVED:
        raise UpdateError(
            "Nothing was restored, because HEAD has moved since the update was interrupted: "
            "check `git status`, and restore or delete files that are half written."
        )
    if end.left:
        left = ", ".join(end.left)
        return f"The interrupted update was undone, except for files changed since: {left}."
    return "The interrupted update was undone."
