"""The two stages of `copier update`, which Copier runs in the project."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import yaml

from migrations.toolkit import Before, run_before

from .answers import ANSWERS_FILE, parse
from .compute import compute
from .errors import UpdateError
from .project import Project
from .template import Template
from .trees import Store
from .update import resume
from .write import apply_outcome

REPORT = "twelvestar-report.json"
_PACKAGE = re.compile(r"\{\{ *package_name *\}\}")


def before(folder: Path, root: Path) -> int:
    """Refuse what an update cannot be done to, and bring the answers up to date.

    Args:
        folder: The project.
        root: The new release of the template, in its repository.

    Returns:
        Exit status.

    Raises:
        UpdateError: When there is something to be done first.
    """
    project = Project(folder)
    resume(project)
    project.refuse_unfinished_work()
    origin = project.origin()
    known = project.git.raw("ls-files", "-z", project.prefix or ".").decode().split("\0")
    names = (_PACKAGE.sub(str(origin.answers.get("package_name")), path) for path in _paths(root))
    # Copier would write over them.
    project.refuse_files_in_the_way(
        [name for name in names if f"{project.prefix}{name}" not in known]
    )
    with tempfile.TemporaryDirectory(prefix="twelvestar-") as scratch:
        source = Template(str(root), Path(scratch))
        old = source.version(source.resolve(origin.commit))
        new = source.version(source.resolve("HEAD"))
        store = Store(Path(scratch) / "store.git", project.objects())
        answers = Before(store, {}, {}, dict(origin.answers))
        run_before(old, new, answers)
    recorded = {"_commit": origin.commit, "_src_path": origin.source, **answers.answers}
    text = yaml.safe_dump(recorded, allow_unicode=True)
    (project.root / ANSWERS_FILE).write_text(text, encoding="utf-8")
    return 0


def after(folder: Path, root: Path) -> int:
    """Replace what Copier made by the merge, and report.

    Args:
        folder: The project, as Copier leaves it.
        root: The new release of the template, in its repository.

    Returns:
        Exit status: 2 for conflicts.

    Raises:
        UpdateError: When it failed. The project is then as it was before the update.
    """
    project = Project(folder)
    asked = parse((project.root / ANSWERS_FILE).read_text(encoding="utf-8"))
    project.restore()
    with tempfile.TemporaryDirectory(prefix="twelvestar-") as scratch:
        source = Template(str(root), Path(scratch))
        commit = source.resolve("HEAD")
        outcome = compute(
            project, project.origin(), source, commit, asked.answers, Path(scratch), asked=asked
        )
        report = outcome.report
        if outcome.changes:
            report = apply_outcome(project, outcome, commit=False)
    path = project.folder / REPORT
    path.write_text(f"{report.to_json()}\n", encoding="utf-8")
    print(f"\n{report.to_text()}\n\nThe report for programs: {path}", file=sys.stderr)
    return report.status


def _paths(root: Path) -> list[str]:
    template = root / "template"
    paths = (path.relative_to(template).as_posix() for path in template.rglob("*"))
    return [
        path.removesuffix(".jinja")
        for path in paths
        if (template / path).is_file() and "_copier_conf" not in path
    ]


__all__ = ["REPORT", "UpdateError", "after", "before"]
