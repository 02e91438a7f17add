"""Updating a project: the function that both commands and programs call."""

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
from .git import failures_told
from .interrupted import refuse_interrupted, undo_interrupted
from .lock import only_update
from .project import Project, Snapshot
from .report import Release, Report
from .shared import Shared
from .write import HeadMoved, apply_outcome, commit_outcome, preview_outcome

TRIES = 3
TRIED = (
    "Nothing was changed, because somebody else committed to the project each time that the update "
    "was computed: update again."
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a person asks for; see `update`."""

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
    """Bring a generated project to a release of the template.

    Everything is computed beside the project. The project is then changed in one step that finishes
    even if the calling process is killed; a project in conflict gets the markers and no commit. If
    somebody commits to the project meanwhile, it is computed again.

    Args:
        folder: The project.
        template: Where the template is; by default where the project was generated from.
        record: What the answers file calls that template, so that the next update finds it; by
            default what it says already.
        to: A release, a branch or a commit of the template; by default the newest release.
        base: The release that the project came from, where the template has lost the commit that
            its answers name.
        data: Answers that change.
        answers_file: What the project's answers file is called, if not as usual.
        commit: Whether to commit; changes are left staged otherwise.
        preview: Whether to change nothing.
        shared: What updates of many projects have in common; without it, each begins anew.

    Returns:
        What was done.

    Raises:
        UpdateError: When there is something to be done first, or it failed. The project is then as
            it was.
    """
    wanted = _Wanted(template, record, to, base, data or {}, answers_file)
    for _ in range(TRIES):
        try:
            with failures_told(), _common(shared) as common:
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
    """Commit an update into a repository without a working tree, and move no branch.

    Args:
        repository: Git's folder of the repository. It may be bare, and shallow: the parent's files
            suffice.
        parent: The commit that is updated.
        folder: The project's folder in it; empty for its root.
        template: Where the template is; by default where the project was generated from.
        record: What the answers file calls that template; by default what it says already.
        to: A release, a branch or a commit of the template; by default the newest release.
        base: The release that the project came from, where the template has lost the commit that
            its answers name.
        data: Answers that change.
        answers_file: What the project's answers file is called, if not as usual.
        shared: What updates of many projects have in common; without it, each begins anew.

    Returns:
        What was done, with the commit, to be pushed. A file in conflict is committed with its
        markers: look at `status`. There is no commit if nothing changes.

    Raises:
        UpdateError: When there is something to be done first, or it failed.
    """
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    named = None if answers_file is None else checked(answers_file)
    with failures_told():
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
    """Find out what a project will be; only the report where that is as it is."""
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
    origin = replace(origin, source=name)
    outcome = compute(
        project, origin, source, target.commit, wanted.data, scratch, remarks, shared=shared
    )
    return outcome if outcome.changes else outcome.report


__all__ = ["Report", "Shared", "Status", "UpdateError", "commit_update", "update"]
