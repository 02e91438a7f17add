"""`copier update` itself: the same merge, the same report, and a status that says more than 0."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml
from jinja2 import Environment, StrictUndefined

from updating.answers import ANSWERS_FILE
from updating.copier_update import REPORT
from updating.git import Git
from updating.update import update

from .conftest import Generate
from .published import IDENTITY, commit_all, contents, git_in, release

COPIER = Path(sys.executable).with_name("copier")
MINIMAL = {"preset": "minimal"}


def copier_update(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COPIER, "update", "--trust", "--defaults", *options],
        cwd=project,
        env={**os.environ, **IDENTITY},
        capture_output=True,
        text=True,
        check=False,
    )


def edit(project: Path) -> None:
    """Edits that Copier by itself would lose: of a renamed, and of a dropped file."""
    for path in ("src/orbit/chassis/console.py", "Makefile", "tests/chassis/databases.py"):
        with (project / path).open("a") as file:
            file.write(f"# mine, in {path}\n")
    commit_all(project)


def test_copier_can_read_the_table_with_the_answers_of_an_older_release(published: Path) -> None:
    """It renders the old release with the new table, and stops at a name that it does not know."""
    first = Git(published).text("show", "1.0.0:copier.yml")
    known = {*yaml.safe_load(first), "_copier_operation"}
    environment = Environment(undefined=StrictUndefined, autoescape=True)
    for row in yaml.safe_load((published / "copier.yml").read_text())["_exclude"]:
        environment.from_string(row).render(dict.fromkeys(known, ""))


def test_both_commands_end_the_same(generate: Generate, newest: str) -> None:
    results = []
    for name in ("with-copier", "with-make"):
        project = generate({"database": "sqlite"}, name=name)
        edit(project)
        if name == "with-copier":
            done = copier_update(project)
            assert done.returncode == 0, done.stderr
            assert f"Twelvestar 1.0.0 to {newest}\n" in done.stderr
            assert "your edits" in done.stderr
            git = Git(project)
            assert not git.text("diff", "--name-only"), "all of it is staged"
            report = json.loads((git.folder / ".git" / REPORT).read_text())
            assert report["new"]["version"] == newest
            assert [kept["path"] for kept in report["kept"]] == ["tests/chassis/databases.py"]
        else:
            update(project)
        results.append(contents(project))
    assert results[0] == results[1]
    assert (
        b"# mine, in src/orbit/chassis/console.py" in results[0]["src/orbit/chassis/cli/console.py"]
    )


def test_a_conflict_has_a_status_and_is_told(generate: Generate) -> None:
    project = generate(MINIMAL)
    shell = project / "src" / "orbit" / "chassis" / "cli" / "shell.py"
    shell.write_text(shell.read_text().replace("from ..console", "from ..my_console"))
    commit_all(project)
    done = copier_update(project)
    assert done.returncode != 0
    assert "src/orbit/chassis/cli/shell.py:" in done.stderr
    assert "CONFLICTS" in done.stderr
    assert Git(project).text("status", "--porcelain", "--", str(shell)).startswith("UU")
    assert not list(project.rglob("*.rej"))


def test_a_report_that_cannot_be_written_ends_no_finished_update(generate: Generate) -> None:
    project = generate(MINIMAL)
    (project / ".git" / REPORT).mkdir()
    done = copier_update(project)
    assert done.returncode == 0, done.stderr
    assert "The report cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert Git(project).text("diff", "--cached", "--name-only")


def test_an_answer_can_change_with_the_release(generate: Generate) -> None:
    project = generate(MINIMAL)
    done = copier_update(project, "--data", "database=sqlite")
    assert done.returncode == 0, done.stderr
    assert (project / "src" / "orbit" / "db" / "models.py").exists()
    assert "database: sqlite  (was none)" in done.stderr
    recorded = yaml.safe_load((project / ANSWERS_FILE).read_text())
    assert recorded["database"] == "sqlite"
    assert "python_version" not in recorded
    assert recorded["lowest_python"] == "3.11"


def test_a_dirty_tree_that_git_was_told_to_hide_is_refused(generate: Generate) -> None:
    """Copier looks at `git status`, which somebody may have silenced."""
    project = generate(MINIMAL)
    git = Git(project)
    git.run("config", "status.showUntrackedFiles", "no")
    (project / "scripts").mkdir()
    mine = project / "scripts" / "update.py"
    mine.write_text("mine")
    done = copier_update(project)
    assert done.returncode != 0
    assert "scripts/update.py is not under version control" in done.stderr
    assert mine.read_text() == "mine"
    assert not git.text("status", "--porcelain")


def test_files_that_git_ignores_are_left_alone(generate: Generate) -> None:
    project = generate(MINIMAL)
    (project / ".env").write_text("PORT=1\n")
    assert copier_update(project).returncode == 0
    assert (project / ".env").read_text() == "PORT=1\n"


def test_a_failed_migration_leaves_the_project_as_it_was(
    generate: Generate, published: Path, tmp_path: Path
) -> None:
    template = tmp_path / "template"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    (template / "migrations" / "v9_0_0.py").write_text(
        "from .toolkit import after\n\n\n"
        '@after("9.0.0")\ndef stumble(project):\n    raise OSError("no more")\n'
    )
    release(template, "9.0.0")
    project = generate(MINIMAL, template=template)
    before = contents(project)
    done = copier_update(project)
    assert done.returncode != 0
    assert "The migration stumble of release 9.0.0 failed, and nothing was changed" in done.stderr
    assert contents(project) == before
    assert not Git(project).text("status", "--porcelain")
