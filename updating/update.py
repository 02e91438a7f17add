"""Updating a project: the function that both commands and programs call."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.version import Version

from migrations.toolkit import After, Before, run_after, run_before

from . import apply
from .answers import ANSWERS_FILE, Answers, Origin, check_questions, follow_preset
from .errors import Status, UpdateError
from .git import GitError
from .merge import Files, Merged, merge
from .ownership import Owner, Ownership
from .project import Project
from .rendering import Rendered, render
from .report import Answer, Conflict, Improved, Kept, Move, Release, Report
from .template import Template
from .trees import Store

_DROPPED = "the template has no use for it any more: keep it, or delete it"
_NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Twelvestar"), ("EMAIL", "twelvestar@localhost"))
}


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
            return replace(outcome.report, preview=preview, next=_next(outcome.report, preview))
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an update would do to a project.

    Attributes:
        report: The report of it.
        store: Where contents are.
        merged: The project's files, and its conflicts.
        changes: Whether anything changes, if only the record of the release.
        title: Title of the commit.
    """

    report: Report
    store: Store
    merged: Merged
    changes: bool
    title: str


def compute(
    project: Project,
    origin: Origin,
    source: Template,
    new_commit: str,
    data: Mapping[str, Any],
    scratch: Path,
    asked: Origin | None = None,
) -> Outcome:
    """Find out what a project will be.

    Args:
        project: The project.
        origin: What it was generated from.
        source: The template.
        new_commit: The template's commit that it gets.
        data: Answers that change.
        scratch: A folder to work in.
        asked: What Copier has recorded already, if it has.

    Raises:
        UpdateError: When it cannot be.
    """
    old_commit = source.resolve(origin.commit)
    old, new = source.version(old_commit), source.version(new_commit)
    if new < old:
        raise UpdateError(
            f"The project has release {old}, which is newer than {new}: "
            "an update never goes back. Use a newer template."
        )
    old_template = source.export(old_commit, scratch / "template-old")
    new_template = source.export(new_commit, scratch / "template-new")
    check_questions(new_template, data)
    store = Store(scratch / "store.git", project.objects())
    ours = project.files(store)

    rendered = render(old_template, scratch / "old", origin)
    before = Before(store, store.of_folder(rendered.folder), dict(ours), dict(origin.answers))
    run_before(old, new, before)

    last = Origin(origin.source, source.recorded_name(new_commit), before.answers)
    if asked is not None:
        last = replace(asked, answers=before.answers)
    followed = follow_preset(new_template, last.answers, data)
    now = render(new_template, scratch / "new", replace(last, answers=followed), data)
    theirs = store.of_folder(now.folder)
    for name in before.new_answers.keys() - now.answers.keys():
        # Not asked in this project.
        del before.answers[name]
    changed = {name for name in before.answers if before.answers[name] != now.answers.get(name)}
    # What a release seeds and what other answers seed are told apart by a render between the two.
    between = theirs
    if changed:
        between = store.of_folder(render(new_template, scratch / "between", last).folder)

    ownership = Ownership(new_template)
    seeded = {path for path in {*before.rendered, *theirs, *between} if _is_seeded(ownership, path)}
    base = {path: entry for path, entry in before.rendered.items() if path not in seeded}
    base |= {path: entry for path, entry in between.items() if path in seeded}
    for path in seeded & ours.keys() & between.keys():
        # What other answers change gives way where nobody touched it, whichever release it is of.
        if theirs.get(path) != between[path] and ours[path] == before.rendered.get(path):
            base[path] = ours[path]
    merged = _merge(store, ownership, base, before.project, theirs, name=f"twelvestar-{new}")

    merged.files[ANSWERS_FILE] = theirs[ANSWERS_FILE]
    after = After(store, ours, merged.files, scratch / "after")
    run_after(old, new, after)
    report = _report(project, before, ours, merged, theirs)
    report = replace(
        report,
        old=Release(str(old), old_commit),
        new=Release(str(new), new_commit),
        notes=source.notes(old, new, new_commit),
        improved=_improved(store, sorted(seeded), before, between, merged, theirs),
        answers=_answers(origin.answers, before, now),
        remarks=tuple(after.remarks),
    )
    title = (
        f"Update from Twelvestar {old} to {new}" if old != new else "Change Twelvestar's answers"
    )
    return Outcome(report, store, merged, merged.files != ours, title)


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
    return replace(report, commit=made, next=_next(report, False, committed=bool(made)), undo=undo)


def _is_seeded(ownership: Ownership, path: str) -> bool:
    return ownership.owner(path) is Owner.SEEDED


def _merge(
    store: Store, ownership: Ownership, base: Files, ours: Files, theirs: Files, *, name: str
) -> Merged:
    """Merge all but what a tool makes, which stays as the project has it."""
    made = {path: entry for path, entry in ours.items() if ownership.owner(path) is Owner.GENERATED}
    sides = [
        {
            path: entry
            for path, entry in side.items()
            if ownership.owner(path) is not Owner.GENERATED
        }
        for side in (base, ours, theirs)
    ]
    merged = merge(store, *sides, name=name)
    merged.files.update(made)
    return merged


def _report(project: Project, before: Before, ours: Files, merged: Merged, theirs: Files) -> Report:
    files = merged.files
    moved = [
        Move(old, new, before.rendered.get(new) != ours[old])
        for old, new in before.moves.items()
        if old in ours and old not in files and new in files
    ]
    sources, targets = {move.old for move in moved}, {move.new for move in moved}
    # The file of answers changes with every release, and is not worth a line.
    names = (files.keys() | ours.keys()) - {ANSWERS_FILE} - sources - targets
    conflicts = tuple(Conflict(each.path, each.lines) for each in merged.conflicts)
    marked = {conflict.path for conflict in conflicts}
    changed = {
        name for name in names if name in files and name in ours and files[name] != ours[name]
    }
    both = {
        path
        for path in changed | targets
        if files[path] not in (theirs.get(path), before.project.get(path)) and path in theirs
    }
    return Report(
        old=Release("", ""),
        new=Release("", ""),
        added=tuple(sorted(name for name in names if name not in ours)),
        changed=tuple(sorted(changed - both - marked)),
        removed=tuple(sorted(name for name in names if name not in files)),
        moved=tuple(moved),
        merged=tuple(sorted(both - marked)),
        conflicts=conflicts,
        kept=tuple(Kept(path, before.reasons.get(path, _DROPPED)) for path in sorted(merged.kept)),
        left_deleted=tuple(sorted(merged.left_deleted)),
    )


def _improved(
    store: Store, seeded: list[str], before: Before, now: Files, merged: Merged, theirs: Files
) -> tuple[Improved, ...]:
    improved = []
    for path in seeded:
        old, new = before.rendered.get(path), now.get(path)
        mine = merged.files.get(path)
        if old is None or new is None or mine is None or mine in (new, theirs.get(path)):
            continue
        if new != old:
            then, better = (
                store.read(entry.blob).decode().splitlines(keepends=True) for entry in (old, new)
            )
            diff = difflib.unified_diff(then, better, f"a/{path}", f"b/{path}")
            improved.append(Improved(path, "".join(diff)))
    return tuple(improved)


def _answers(given: Answers, before: Before, now: Rendered) -> tuple[Answer, ...]:
    last = {name: old for name, old in before.answers.items() if name not in before.new_answers}
    changes = [
        Answer(name, last.get(name), value)
        for name, value in now.answers.items()
        if name not in last or last[name] != value
    ]
    gone = (given.keys() | last.keys()) - now.answers.keys() - before.moved_answers.keys()
    changes += [Answer(name, given.get(name, last.get(name)), None) for name in gone]
    return tuple(sorted(changes, key=lambda change: change.question))


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


def _next(report: Report, preview: bool, *, committed: bool = False) -> tuple[str, ...]:
    if report.is_empty:
        return ()
    if preview:
        return ("Update without --preview.",)
    steps = []
    if report.conflicts:
        steps += [
            "Resolve the conflicts: edit each marked place, then `git add` its file.",
            "Commit.",
        ]
    elif not committed:
        steps.append("Look at `git diff --cached`, and commit.")
    if report.kept:
        steps.append("Decide what becomes of the files that were kept.")
    steps.append("Run `uv sync` and the tests.")
    return tuple(steps)


__all__ = ["Outcome", "Report", "Status", "Version", "apply_outcome", "compute", "update"]
