"""The changes of an update, for its report."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from migrations.toolkit import Before

from .answers import ANSWERS_FILE, Answers
from .merge import Files, Merged
from .ownership import Owner, Ownership
from .report import Answer, Conflict, Improved, Kept, Move, Release, Report
from .trees import Entry, Store

_DROPPED = "the template no longer needs it: keep it or delete it"


def describe(
    before: Before, ours: Files, merged: Merged, theirs: Files, answers_file: str = ANSWERS_FILE
) -> Report:
    """List what happens to each file.

    Args:
        before: The project, after the migrations before the merge.
        ours: The project's files as they are.
        merged: Result of the merge.
        theirs: The files of the new release.
        answers_file: Name of the project's answers file.
    """
    files = merged.files
    moved = [
        Move(old, new, before.rendered.get(new) != ours[old])
        for old, new in before.moves.items()
        if old in ours and old not in files and new in files
    ]
    sources, targets = {move.old for move in moved}, {move.new for move in moved}
    # The answers file changes with every release, so it is not listed.
    names = (files.keys() | ours.keys()) - {answers_file} - sources - targets
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


def already_there(
    before: Before, merged: Merged, theirs: Files, ownership: Ownership
) -> tuple[str, ...]:
    """List files of the project that have the name of a new file and were kept.

    Args:
        before: The project, after the migrations before the merge.
        merged: Result of the merge.
        theirs: The files of the new release.
        ownership: Who owns which file.
    """
    new = (path for path in theirs if path not in before.rendered and path in before.project)
    return tuple(
        f"{path} existed already, so yours was kept. The template now has a file of that name."
        for path in sorted(new)
        if ownership.owner(path) is not Owner.GENERATED
        and merged.files.get(path) == before.project[path]
        and path not in merged.stages
    )


def ignored(data: Mapping[str, Any], answers: Answers) -> tuple[str, ...]:
    """List answers without effect, because their questions are not asked in the project.

    Args:
        data: New answers.
        answers: Answers that the new release was rendered from.
    """
    return tuple(
        f'The answer to "{name}" has no effect, because that question is not asked.'
        for name in sorted(data.keys() - answers.keys())
    )


def improvements(
    store: Store, seeded: Iterable[str], before: Before, now: Files, merged: Merged, theirs: Files
) -> tuple[Improved, ...]:
    """Find seeded files with changes in the template that the project does not have.

    Args:
        store: Store with the contents of files.
        seeded: Paths of seeded files.
        before: The project, after the migrations before the merge.
        now: The new release with the recorded answers.
        merged: Result of the merge.
        theirs: The files of the new release.
    """
    improved = []
    for path in seeded:
        old, new = before.rendered.get(path), now.get(path)
        mine = merged.files.get(path)
        if old is None or new is None or mine is None or mine in (new, theirs.get(path)):
            continue
        if new != old:
            improved.append(Improved(path, _difference(store, path, old, new)))
    return tuple(improved)


def _difference(store: Store, path: str, old: Entry, new: Entry) -> str:
    try:
        then, now = (
            store.read(entry.blob).decode().splitlines(keepends=True) for entry in (old, new)
        )
    except UnicodeDecodeError:
        return f"Binary files a/{path} and b/{path} differ\n"
    return "".join(difflib.unified_diff(then, now, f"a/{path}", f"b/{path}"))


def changed_answers(given: Answers, before: Before, now: Answers) -> tuple[Answer, ...]:
    """Find answers that have changed.

    Args:
        given: Answers that the project has recorded.
        before: The project, after the migrations before the merge.
        now: Answers that the new release was rendered from.
    """
    last = {name: old for name, old in before.answers.items() if name not in before.new_answers}
    changes = [
        Answer(name, last.get(name), value)
        for name, value in now.items()
        if name not in last or last[name] != value
    ]
    gone = (given.keys() | last.keys()) - now.keys() - before.moved_answers.keys()
    changes += [Answer(name, given.get(name, last.get(name)), None) for name in gone]
    return tuple(sorted(changes, key=lambda change: change.question))


def next_steps(
    report: Report, *, preview: bool = False, committed: bool = False, rerere: bool = False
) -> tuple[str, ...]:
    """List what the user has to do after an update, in order.

    Args:
        report: What it did.
        preview: Whether it changed nothing.
        committed: Whether it made a commit.
        rerere: Whether git records how conflicts are resolved.
    """
    if report.is_empty:
        return ()
    if preview:
        return ("Run the update without --preview.",)
    steps = []
    if report.conflicts:
        if rerere:
            steps.append(
                "Run `git rerere`: it repeats your earlier resolutions of the same conflicts."
            )
        steps += [
            "Resolve the conflicts: edit each marked place, then `git add` its file.",
            "Commit.",
        ]
    elif not committed:
        steps.append("Review `git diff --cached`, and commit.")
    if report.kept:
        steps.append("Decide whether to keep or delete the files that were kept.")
    steps.append("Run `uv sync` and the tests.")
    return tuple(steps)
