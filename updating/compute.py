"""Computing an update outside the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from migrations.toolkit import After, Before, run_after, run_before

from . import changes
from .answers import (
    ANSWERS_FILE,
    Answers,
    Origin,
    check_questions,
    follow_preset,
    refuse_other_package,
    with_origin,
)
from .checkout import Checkout
from .clashes import without_clashes
from .direction import refuse_going_back
from .guides import written_by_hand
from .merge import Files, Merged, merge
from .ownership import Owner, Ownership
from .project import Snapshot
from .report import Release, Report
from .shared import Shared
from .template import Template
from .trees import Store


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of computing an update.

    Attributes:
        report: The report of it.
        store: Store with the contents of files.
        merged: The project's files, and its conflicts.
        changes: Whether anything changes, if only the recorded release.
        title: Title of the commit.
    """

    report: Report
    store: Store
    merged: Merged
    changes: bool
    title: str


@dataclass(frozen=True, slots=True)
class _Renders:
    """Renderings of the new release.

    Attributes:
        theirs: Its files, with the new answers.
        between: Its files with the recorded answers, to separate changes of the release from
            changes of the answers.
        answers: The answers that the project gets.
    """

    theirs: Files
    between: Files
    answers: Answers


def compute(
    project: Snapshot,
    origin: Origin,
    source: Template,
    new_commit: str,
    data: Mapping[str, Any],
    scratch: Path,
    remarks: tuple[str, ...] = (),
    asked: Origin | None = None,
    shared: Shared | None = None,
) -> Outcome:
    """Compute an update.

    Args:
        project: The project.
        origin: What it was generated from.
        source: The template.
        new_commit: The template's commit to update to.
        data: New answers.
        scratch: A temporary folder.
        remarks: Remarks for the report.
        asked: Answers that Copier has already asked for, if any.
        shared: Caches that the updates of many projects share.

    Raises:
        UpdateError: When it fails.
    """
    old_commit = source.resolve(origin.commit)
    shared = shared or Shared(folder=scratch / "shared")
    old_template = shared.checkout(source, old_commit)
    new_template = shared.checkout(source, new_commit)
    old, new = old_template.version, new_template.version
    refuse_going_back(source, old_commit, new_commit)
    check_questions(new_template.questions, data)
    refuse_other_package(origin.answers, data)
    store = Store(scratch / "store.git", project.objects(), project.object_format)
    ours = project.files(store)

    files, _ = _render(shared, old_template, store, origin)
    before = Before(store, files, dict(ours), dict(origin.answers))
    run_before(old, new, before)

    last = Origin(origin.source, source.recorded_name(new_commit), before.answers)
    if asked is not None:
        last = replace(asked, answers=before.answers)
    renders = _render_new(shared, new_template, last, data, before)
    ownership = new_template.ownership
    base, seeded = _base(ownership, before, ours, renders)
    merged = _merge(
        store, ownership, base, before.project, renders.theirs, name=f"twelvestar-{new}"
    )

    answers_file = project.answers_file or ANSWERS_FILE
    merged.files[answers_file] = renders.theirs[ANSWERS_FILE]
    after = After(store, ours, merged.files, scratch / "after")
    run_after(old, new, after)
    report = replace(
        changes.describe(before, ours, merged, renders.theirs, answers_file),
        old=Release(str(old), old_commit),
        new=Release(str(new), new_commit),
        notes=new_template.notes(old),
        improved=changes.improvements(
            store, sorted(seeded), before, renders.between, merged, renders.theirs
        ),
        answers=changes.changed_answers(origin.answers, before, renders.answers),
        remarks=(
            *remarks,
            *changes.ignored(data, renders.answers),
            *changes.already_there(before, merged, renders.theirs, ownership),
            *after.remarks,
        ),
    )
    return Outcome(report, store, merged, merged.files != ours, report.commit_title())


def _render_new(
    shared: Shared, template: Checkout, last: Origin, data: Mapping[str, Any], before: Before
) -> _Renders:
    followed = follow_preset(template.questions, last.answers, data)
    theirs, answers = _render(shared, template, before.store, replace(last, answers=followed), data)
    for name in before.new_answers.keys() - answers.keys():
        # Not asked in this project.
        del before.answers[name]
    changed = {name for name in before.answers if before.answers[name] != answers.get(name)}
    between = theirs
    if changed:
        between, _ = _render(shared, template, before.store, last)
    return _Renders(theirs, between, answers)


def _render(
    shared: Shared,
    template: Checkout,
    store: Store,
    origin: Origin,
    data: Mapping[str, Any] | None = None,
) -> tuple[Files, Answers]:
    """Render the project with the new release; return also the answers."""
    render = shared.render(template, origin.answers, data, object_format=store.object_format)
    store.borrow(render.objects, render)
    text = with_origin(render.recorded, origin.source, origin.commit)
    named = replace(render.files[ANSWERS_FILE], blob=store.blob(text.encode()))
    return {**render.files, ANSWERS_FILE: named}, dict(render.answers)


def _base(
    ownership: Ownership, before: Before, ours: Files, renders: _Renders
) -> tuple[Files, set[str]]:
    """The base of the merge, and the seeded files."""
    theirs, between = renders.theirs, renders.between
    seeded = {
        path
        for path in {*before.rendered, *theirs, *between}
        if ownership.owner(path) is Owner.SEEDED
    }
    base = {path: entry for path, entry in before.rendered.items() if path not in seeded}
    base |= {path: entry for path, entry in between.items() if path in seeded}
    for path in seeded & ours.keys() & between.keys():
        # Files that the new answers change are taken from the new rendering, if nobody edited them.
        if theirs.get(path) != between[path] and ours[path] == before.rendered.get(path):
            base[path] = ours[path]
    return base, seeded


def _merge(
    store: Store, ownership: Ownership, base: Files, ours: Files, theirs: Files, *, name: str
) -> Merged:
    """Merge all files except generated ones, which stay as they are in the project."""
    made = {path: entry for path, entry in ours.items() if ownership.owner(path) is Owner.GENERATED}
    base, ours, theirs = (
        {
            path: entry
            for path, entry in side.items()
            if ownership.owner(path) is not Owner.GENERATED
        }
        for side in (base, ours, theirs)
    )
    own = written_by_hand(store, base, ours, theirs)
    base, theirs = (
        {path: entry for path, entry in side.items() if path not in own} for side in (base, theirs)
    )
    base, theirs, replaced = without_clashes(base, ours, theirs)
    merged = merge(store, base, ours, theirs, name=name)
    merged.files.update(made)
    return replace(merged, left_deleted=(*merged.left_deleted, *replaced))
