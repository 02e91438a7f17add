"""Updating a project: the function that both commands and programs call."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import apply
from .changes import next_steps
from .compute import compute
from .errors import Status, UpdateError
from .project import Project
from .report import Release, Report
from .template import Template
from .write import apply_outcome


def update(
    folder: Path,
    *,
    template: str | None = None,
    to: str | None = None,
    data: Mapping[str, Any] | None = None,
    commit: bool = True,
    preview: bool = False,
) -> Report:
    """Bring a generated project to a release of the template.

    Everything is computed beside the project. The project is then changed in one step that finishes
    even if the calling process is killed; a project in conflict gets the markers and no commit.

    Args:
        folder: The project.
        template: Where the template is; by default where the project was generated from.
        to: A release or a commit of the template; by default the newest release.
        data: Answers that change.
        commit: Whether to commit; changes are left staged otherwise.
        preview: Whether to change nothing.

    Returns:
        What was done.

    Raises:
        UpdateError: When there is something to be done first, or it failed. The project is then as
            it was.
    """
    project = Project(folder)
    resume(project)
    project.refuse_unfinished_work()
    origin = project.origin()
    with tempfile.TemporaryDirectory(prefix="twelvestar-") as scratch:
        source = Template(template or origin.source, Path(scratch))
        new = source.newest().commit if to is None else source.resolve(to)
        old = source.resolve(origin.commit)
        if new == old and not data:
            release = Release(str(source.version(old)), old)
            return Report(old=release, new=release, preview=preview)
        outcome = compute(project, origin, source, new, data or {}, Path(scratch))
        if preview or not outcome.changes:
            return replace(
                outcome.report, preview=preview, next=next_steps(outcome.report, preview=preview)
            )
        return apply_outcome(project, outcome, commit=commit)


def resume(project: Project) -> None:
    """Finish what an earlier update began to write and did not finish.

    Args:
        project: The project.

    Raises:
        UpdateError: When a file was changed since then.
    """
    try:
        plan = apply.resume(project.folder)
    except apply.InTheWay as error:
        raise UpdateError(
            f"An earlier update was interrupted, and {error} was changed since: undo that change, "
            f"or delete {project.folder / apply.PLAN}, and update again."
        ) from error
    if plan is not None:
        project.head = project.git.text("rev-parse", "HEAD")


__all__ = ["Report", "Status", "UpdateError", "resume", "update"]
