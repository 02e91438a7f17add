"""Writing an update to a project: objects, commit, and the plan for files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from . import apply
from .changes import next_steps
from .compute import Outcome
from .errors import Status, UpdateError
from .git import GitError
from .lock import only_plan
from .merge import Merged
from .obstacles import Committed, Repository, find_obstacle
from .plan import PLAN, Plan
from .project import Project, Snapshot
from .report import Report
from .scratch import scratch_folder
from .trees import Store

_NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Twelvestar"), ("EMAIL", "twelvestar@localhost"))
}


class HeadMoved(Exception):
    """HEAD has moved since the update was computed."""


def apply_outcome(project: Project, outcome: Outcome, *, commit: bool) -> Report:
    """Change the project.

    Args:
        project: The project.
        outcome: The computed update.
        commit: Whether to commit, if there are no conflicts.

    Returns:
        The report, with next steps.

    Raises:
        HeadMoved: When HEAD has moved meanwhile. Nothing is changed then.
        UpdateError: When there is an obstacle, or writing fails. Nothing is changed then.
    """
    with only_plan(project.folder):
        project = _as_it_is_now(project, outcome.store)
        plan = _plan(project, outcome)
        versions = outcome.merged.stages.values()
        blobs = [each.blob for stages in versions for each in stages.values()]
        _copy_objects(project, outcome.store, plan.tree, blobs)
        if commit and not outcome.merged.conflicts:
            plan = replace(plan, commit=_commit(project, plan.tree, outcome.title))
        with apply.interrupts_ignored():
            try:
                plan.save(project.folder / PLAN)
            except OSError as error:
                raise UpdateError(
                    f"Nothing was changed, because {error.filename} could not be written: "
                    f"{error.strerror}",
                    Status.FAILED,
                ) from error
            end = apply.carry_out(project.folder)
    _raise_unless_done(end)
    undo = f"git reset --keep {project.head}" if plan.commit else "git reset --merge HEAD"
    steps = next_steps(
        outcome.report,
        committed=plan.commit is not None,
        rerere=bool(outcome.merged.conflicts) and _is_set(project, "rerere.enabled"),
    )
    return replace(outcome.report, commit=plan.commit, next=steps, undo=undo)


def _as_it_is_now(project: Project, store: Store) -> Project:
    """The project at a new HEAD, if that only changed other parts of the repository."""
    now = Project(project.root, project.answers_file)
    if now.head != project.head and now.files(store) != project.files(store):
        raise HeadMoved
    return now


def preview_outcome(project: Project, outcome: Outcome) -> Report:
    """Report what would be done, with the same checks.

    Args:
        project: The project.
        outcome: The computed update.

    Returns:
        The report, with next steps.

    Raises:
        UpdateError: When there is an obstacle.
    """
    plan = _plan(project, outcome)
    repository = Repository(project.folder, project.top)
    with scratch_folder() as scratch:
        committed = Committed(repository, plan)
        obstacle = find_obstacle(repository, plan, committed, scratch)
    if obstacle:
        raise UpdateError(f"{obstacle}, and update again.")
    return replace(outcome.report, preview=True, next=next_steps(outcome.report, preview=True))


def commit_outcome(project: Snapshot, outcome: Outcome) -> Report:
    """Commit the update, conflicts with their markers, and move no branch.

    Args:
        project: The project, whose commit is the parent.
        outcome: The computed update.

    Returns:
        The report, with the commit.

    Raises:
        UpdateError: When it cannot be committed.
    """
    tree = project.whole_tree(outcome.store, outcome.merged.files)
    _copy_objects(project, outcome.store, tree)
    return replace(outcome.report, commit=_commit(project, tree, outcome.title))


def _plan(project: Project, outcome: Outcome) -> Plan:
    store, merged = outcome.store, outcome.merged
    files = {f"{project.prefix}{path}": entry for path, entry in merged.files.items()}
    was = {f"{project.prefix}{path}": entry for path, entry in project.files(store).items()}
    return Plan(
        top=str(project.top),
        head=project.head,
        tree=project.whole_tree(store, merged.files),
        commit=None,
        written=sorted(path for path in files if files[path] != was.get(path)),
        removed=sorted(was.keys() - files.keys()),
        stages=_stage_lines(project, merged),
        branch=project.branch,
        format=2,
    )


def _raise_unless_done(end: apply.End) -> None:
    if end.how == apply.MOVED:
        raise HeadMoved
    if end.how == apply.IN_THE_WAY:
        raise UpdateError(f"{end.why}, and update again.")
    if end.how == apply.FAILED:
        raise UpdateError(f"The update failed, and nothing was changed: {end.why}", Status.FAILED)


def _copy_objects(project: Snapshot, store: Store, tree: str, blobs: Iterable[str] = ()) -> None:
    """Copy new objects to the project's repository, where nothing refers to them yet."""
    wanted = "\n".join([tree, *blobs, f"^{project.head}^{{tree}}"])
    try:
        store.git.pipe(
            ("pack-objects", "--revs", "--stdout", "--quiet"),
            project.git,
            ("index-pack", "--stdin"),
            stdin=f"{wanted}\n".encode(),
        )
    except (GitError, OSError) as error:
        raise UpdateError(
            f"Nothing was changed, because the new files could not be stored: {error}",
            Status.FAILED,
        ) from error


def _commit(project: Snapshot, tree: str, title: str) -> str:
    git = project.git
    if not git.succeeds("var", "GIT_COMMITTER_IDENT"):
        git = git.with_variables(**_NOBODY)
    sign = _is_set(project, "commit.gpgSign")
    try:
        return git.text(
            "commit-tree", tree, "-p", project.head, *(["-S"] if sign else []), stdin=title.encode()
        )
    except GitError as error:
        raise UpdateError(
            f"The commit could not be made ({error}): update with --no-commit, and commit yourself."
        ) from error


def _is_set(project: Snapshot, setting: str) -> bool:
    return project.git.run("config", "--bool", setting, accept=(0, 1))[1].strip() == b"true"


def _stage_lines(project: Project, merged: Merged) -> list[str]:
    lines = []
    for path, stages in merged.stages.items():
        name = f"{project.prefix}{path}"
        lines.append(f"0 {'0' * len(project.head)}\t{name}")
        lines += [f"{each.mode} {each.blob} {number}\t{name}" for number, each in stages.items()]
    return lines
