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
    if (end := _undo(project)) and end.left:
        raise UpdateError(
            f"An earlier update was interrupted and is undone now, but for what was changed since "
            f"({', '.join(end.left)}): commit or stash that, and update again."
        )


def _undo(project: Project) -> apply.End | None:
    """Put back; return how that ended, or None if no update was interrupted."""
    with only_plan(project.folder):
        if not (project.folder / PLAN).exists():
            return None
        end = apply.undo(project.folder, project.top)
    if end.how == apply.NOTHING:
        project.look_again()
        return None
    if end.how not in (apply.DONE, apply.MOVED):
        raise UpdateError(
            f"An earlier update was interrupted, and cannot be undone yet ({end.why}): mend that, "
            "and run this again.",
            Status.FAILED,
        )
    project.look_again()
    return end


def undo(folder: Path) -> str:
    """Undo an update that was interrupted, and nothing else.

    Args:
        folder: The project.

    Returns:
        What was done, in a sentence.

    Raises:
        UpdateError: When it cannot be put back now.
    """
    end = _undo(Project(folder))
    if end is None:
        return (
            "No update was interrupted: a finished one is undone by the command that its report "
            "names."
        )
    if end.how == apply.MOVED:
        raise UpdateError(
            "Nothing was put back, because HEAD has moved since the update was interrupted: look "
            "at `git status`, and restore or delete what is half written."
        )
    if end.left:
        left = ", ".join(end.left)
        return f"The interrupted update was undone; changed since, and left so: {left}."
    return "The interrupted update was undone."
