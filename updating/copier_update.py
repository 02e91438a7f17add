"""`copier update`: Copier asks the questions, and the rest is the same update."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from copier.errors import UserMessageError

from migrations.toolkit import Before, run_before

from . import output
from .answers import ANSWERS_FILE, Answers, Origin, as_copier_reads
from .compute import compute
from .errors import UpdateError
from .git import converted_errors
from .interrupted import refuse_interrupted, undo_interrupted
from .lock import only_update
from .project import Project
from .report import Report
from .scratch import scratch_folder
from .template import Template
from .trees import Store
from .update import TRIED, TRIES
from .write import HeadMoved, apply_outcome, preview_outcome

if TYPE_CHECKING:
    from copier._main import Worker

REPORT = "twelvestar-report.json"
_LINES = 3
_CONFLICTS = "There are conflicts: see the report above."


def follow(worker: Worker) -> None:
    """Update the project of a Copier worker.

    Args:
        worker: The worker, before it has done anything.

    Raises:
        UserMessageError: When the update is refused or fails, with the message of the UpdateError,
            or has conflicts.
    """
    try:
        with converted_errors():
            report, project = _update(worker)
    except UpdateError as error:
        raise UserMessageError(str(error)) from error
    print(f"\n{report.to_text()}", file=sys.stderr)
    if not worker.pretend:
        path = project.folder / REPORT
        output.write(str(path), f"{report.to_json()}\n")
        print(f"\nThe report as JSON: {path}", file=sys.stderr)
    if report.conflicts:
        raise UserMessageError(_CONFLICTS)


def _update(worker: Worker) -> tuple[Report, Project]:
    project = _project(worker)
    if worker.pretend:
        refuse_interrupted(project)
        return _compute_and_write(worker, project, _ask(worker, project)), project
    with only_update(project.folder, project.prefix):
        undo_interrupted(project)
        project.refuse_unfinished_work()
        asked = _ask(worker, project)
        for _ in range(TRIES):
            try:
                return _compute_and_write(worker, project, asked), project
            except HeadMoved:
                project = _project(worker)
    raise UpdateError(TRIED)


def _project(worker: Worker) -> Project:
    named = worker.answers_file
    return Project(worker.subproject.local_abspath, None if named is None else str(named))


def _ask(worker: Worker, project: Project) -> Origin:
    """Let Copier ask the questions in a temporary folder; return the answers."""
    origin = project.origin()
    with scratch_folder() as scratch:
        folder = scratch / "asked"
        folder.mkdir()
        last = {"_commit": origin.commit, "_src_path": origin.source}
        migrated = _migrated_answers(worker, project, origin, scratch)
        last |= as_copier_reads(worker.template.questions_data, migrated)
        text = yaml.safe_dump(last, allow_unicode=True)
        (folder / ANSWERS_FILE).write_text(text, encoding="utf-8")
        asking = replace(
            worker, dst_path=folder, exclude=["*"], quiet=True, skip_tasks=True, answers_file=None
        )
        with asking:
            asking.run_copy()
        answers = {
            name: value
            for name, value in asking.answers.combined.items()
            if name in asking.template.questions_data and name not in asking.answers.hidden
        }
    return Origin(str(worker.template.url), str(worker.template.commit), answers)


def _migrated_answers(worker: Worker, project: Project, origin: Origin, scratch: Path) -> Answers:
    source = Template(str(worker.template.local_abspath), scratch)
    old = source.version(source.resolve(origin.commit))
    new = source.version(source.resolve("HEAD"))
    before = Before(
        Store(scratch / "store.git", project.objects(), project.object_format),
        {},
        {},
        dict(origin.answers),
    )
    run_before(old, new, before)
    return before.answers


def _compute_and_write(worker: Worker, project: Project, asked: Origin) -> Report:
    with scratch_folder() as scratch:
        source = Template(str(worker.template.local_abspath), scratch)
        commit = source.resolve("HEAD")
        outcome = compute(
            project,
            project.origin(),
            source,
            commit,
            asked.answers,
            scratch,
            _remarks(worker),
            asked=asked,
        )
        if worker.pretend:
            return preview_outcome(project, outcome)
        if not outcome.changes:
            return outcome.report
        return apply_outcome(project, outcome, commit=False)


def _remarks(worker: Worker) -> tuple[str, ...]:
    options = {
        "--exclude": worker.exclude,
        "--skip": worker.skip_if_exists,
        "--conflict": worker.conflict != "inline",
        "--context-lines": worker.context_lines != _LINES,
    }
    given = [option for option, is_given in options.items() if is_given]
    if not given:
        return ()
    return (f"{', '.join(given)}: ignored, because this update does not use Copier's merge.",)
