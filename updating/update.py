"""Updating a project: the functions that commands and programs call."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .answers_file import checked
from .compute import Outcome, compute
from .direction import choose
from .errors import Status, UpdateError
from .forks import followed
from .git import converted_errors
from .interrupted import refuse_interrupted, undo_interrupted
from .lock import only_update
from .project import Project, Snapshot
from .report import Release, Report
from .shared import Shared
from .signed import refuse_unverified
from .write import HeadMoved, apply_outcome, commit_outcome, preview_outcome

TRIES = 3
TRIED = (
    "Nothing was changed, because somebody else committed to the project each time that the update "
    "was computed: update again."
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The user's options; see `update`."""

    template: str | None
    record: str | None
    to: str | None
    base: str | None
    data: Mapping[str, Any]
    answers_file: str | None


def update(
    folder: Path,
    *,
    template: str | None = None,
    record: str | None = None,
    to: str | None = None,
    base: str | None = None,
    data: Mapping[str, Any] | None = None,
    answers_file: str | None = None,
    commit: bool = True,
    preview: bool = False,
    shared: Shared | None = None,
) -> Report:
    """Update a generated project to a release of the template.

    The update is computed in a temporary folder. The project is then changed in one step that
    finishes even if the calling process is killed; conflicts are marked and not committed. If
    somebody commits to the project meanwhile, the update is computed again.

    Args:
        folder: The project.
        template: Location of the template; by default the recorded one.
        record: Location of the template to record in the answers file; by default, it is not
            changed.
        to: A release, a branch or a commit of the template; by default the newest release.
        base: The release that the project was generated from, if the template no longer has the
            recorded commit.
        data: New answers.
        answers_file: Name of the project's answers file, if it is not the default one.
        commit: Whether to commit; otherwise changes are staged.
        preview: Whether to only report, and change nothing.
        shared: Caches that the updates of many projects share.

    Returns:
        What was done.

    Raises:
        UpdateError: When the update is refused or fails. The project is unchanged then.
    """
    wanted = _Wanted(template, record, to, base, data or {}, answers_file)
    for _ in range(TRIES):
        try:
            with converted_errors(), _common(shared) as common:
                return _update_once(folder, wanted, common, commit=commit, preview=preview)
        except HeadMoved:
            continue
    raise UpdateError(TRIED)


def _update_once(
    folder: Path, wanted: _Wanted, shared: Shared, *, commit: bool, preview: bool
) -> Report:
    project = Project(folder, wanted.answers_file)
    with ExitStack() as stack:
        if preview:
            refuse_interrupted(project)
        else:
            stack.enter_context(only_update(project.folder, project.prefix))
            undo_interrupted(project)
        project.refuse_unfinished_work()
        scratch = Path(stack.enter_context(shared.work_folder()))
        outcome = _compute(project, wanted, scratch, shared)
        if isinstance(outcome, Report):
            return replace(outcome, preview=preview)
        if preview:
            return preview_outcome(project, outcome)
        return apply_outcome(project, outcome, commit=commit)


def commit_update(
    repository: Path,
    *,
    parent: str = "HEAD",
    folder: str = "",
    template: str | None = None,
    record: str | None = None,
    to: str | None = None,
    base: str | None = None,
    data: Mapping[str, Any] | None = None,
    answers_file: str | None = None,
    shared: Shared | None = None,
) -> Report:
    """Commit an update to a repository without a working tree, and move no branch.

    Args:
        repository: The git folder. The repository may be bare and shallow: only the parent's files
            are needed.
        parent: The commit to update.
        folder: The project's folder in it; empty for its root.
        template: Location of the template; by default the recorded one.
        record: Location of the template to record; by default, it is not changed.
        to: A release, a branch or a commit of the template; by default the newest release.
        base: The release that the project was generated from, if the template no longer has the
            recorded commit.
        data: New answers.
        answers_file: Name of the project's answers file, if it is not the default one.
        shared: Caches that the updates of many projects share.

    Returns:
        The report, with the commit to push. Conflicts are committed with their markers: check
        `status`. There is no commit if nothing changes.

    Raises:
        UpdateError: When the update is refused or fails.
    """
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    named = None if answers_file is None else checked(answers_file)
    with converted_errors():
        project = Snapshot(repository.absolute(), parent, prefix, answers_file=named)
        with _common(shared) as common, common.work_folder() as scratch:
            wanted = _Wanted(template, record, to, base, data or {}, answers_file)
            outcome = _compute(project, wanted, Path(scratch), common)
            if isinstance(outcome, Report):
                return outcome
            return commit_outcome(project, outcome)


def _common(shared: Shared | None) -> AbstractContextManager[Shared]:
    return nullcontext(shared) if shared else Shared()


def _compute(project: Snapshot, wanted: _Wanted, scratch: Path, shared: Shared) -> Outcome | Report:
    """Compute the update; only a report if there is nothing to update."""
    origin = project.origin()
    source = shared.template(wanted.template or origin.source, project.place, wanted.record)
    name, remarks = followed(origin.source, wanted.template, wanted.record, project.place)
    asked = None if wanted.to is None else source.resolve(wanted.to, asked=True)
    if wanted.base is not None:
        origin = replace(origin, commit=source.resolve(wanted.base, asked=True))
    old = source.resolve(origin.commit)
    target = choose(source, old, asked)
    remarks += target.remarks
    changes = wanted.data or wanted.base is not None or name != origin.source
    if target.commit == old and not changes:
        release = Release(str(shared.checkout(source, old).version), old)
        return Report(old=release, new=release, remarks=remarks)
    refuse_unverified(project, target.commit)
    origin = replace(origin, source=name)
    outcome = compute(
        project, origin, source, target.commit, wanted.data, scratch, remarks, shared=shared
    )
    return outcome if outcome.changes else outcome.report


__all__ = ["Report", "Shared", "Status", "UpdateError", "commit_update", "update"]
