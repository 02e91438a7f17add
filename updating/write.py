"""Changing a project: its objects, the commit, and the plan that is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from . import apply
from .changes import next_steps
from .compute import Outcome
from .errors import UpdateError
from .git import GitError
from .merge import Merged
from .project import Project
from .report import Report
from .trees import Store

_NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Twelvestar"), ("EMAIL", "twelvestar@localhost"))
}


def apply_outcome(project: Project, outcome: Outcome, *, commit: bool) -> Report:
    """Change the project.

    Args:
        project: The project.
        outcome: What it will be.
        commit: Whether to commit, if nothing is in conflict.

    Returns:
        The report, with what is to be done next.

    Raises:
        UpdateError: When a file is in the way, or changed meanwhile. Nothing is changed then.
    """
    report, store, merged = outcome.report, outcome.store, outcome.merged
    project.refuse_files_in_the_way([*report.added, *(move.new for move in report.moved)])
    tree = project.whole_tree(store, merged.files)
    versions = {
        f"{path}/{number}": entry
        for path, stages in merged.stages.items()
        for number, entry in stages.items()
    }
    _bring(project, store, {"result": tree, "stages": store.tree(versions)})
    commit = commit and not merged.conflicts
    made = _commit(project, tree, outcome.title) if commit else None
    files = {f"{project.prefix}{path}": entry for path, entry in merged.files.items()}
    was = {f"{project.prefix}{path}": entry for path, entry in project.files(store).items()}
    plan = apply.Plan(
        top=str(project.top),
        head=project.head,
        tree=tree,
        commit=made,
        written=sorted(path for path in files if files[path] != was.get(path)),
        removed=sorted(was.keys() - files.keys()),
        stages=_stage_lines(project, merged),
    )
    try:
        apply.start(project.folder, plan)
    except apply.InTheWay as error:
        raise UpdateError(f"{error} was changed during the update: run it again.") from error
    undo = f"git reset --keep {project.head}" if made else "git reset --merge HEAD"
    return replace(report, commit=made, next=next_steps(report, committed=bool(made)), undo=undo)


def _bring(project: Project, store: Store, trees: Mapping[str, str]) -> None:
    """Copy objects into the project's repository, where nothing refers to them yet."""
    for name, tree in trees.items():
        store.git.run("update-ref", f"refs/heads/{name}", store.commit(tree))
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc")
    project.git.run("fetch", *options, str(store.folder), *trees)


def _commit(project: Project, tree: str, title: str) -> str:
    git = project.git
    if not git.succeeds("var", "GIT_COMMITTER_IDENT"):
        git = git.with_variables(**_NOBODY)
    sign = git.run("config", "--bool", "commit.gpgSign", accept=(0, 1))[1].strip() == b"true"
    try:
        return git.text(
            "commit-tree", tree, "-p", project.head, *(["-S"] if sign else []), stdin=title.encode()
        )
    except GitError as error:
        raise UpdateError(
            f"The commit could not be made ({error}): update with --no-commit, and commit yourself."
        ) from error


def _stage_lines(project: Project, merged: Merged) -> list[str]:
    lines = []
    for path, stages in merged.stages.items():
        name = f"{project.prefix}{path}"
        lines.append(f"0 {'0' * 40}\t{name}")
        lines += [f"{each.mode} {each.blob} {number}\t{name}" for number, each in stages.items()]
    return lines
