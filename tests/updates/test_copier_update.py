"""`copier update`: the same merge, the same report, and an exit status for conflicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import copier
import pytest
import yaml
from copier import _main
from copier.errors import UserMessageError
from jinja2 import Environment, StrictUndefined

from tests.questionnaire import members
from tests.rendering import ROOT
from updating.answers import ANSWERS_FILE
from updating.copier_update import REPORT
from updating.drift import drift
from updating.git import Git
from updating.lock import only_update
from updating.update import update

from .published import IDENTITY, Generate, commit_all, contents, git_in, release

pytestmark = pytest.mark.slow

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


def ours() -> dict[str, ModuleType]:
    """Imported modules of the packages that an update imports from a release."""
    packages = ("extensions", "migrations", "updating")
    return {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] in packages
    }


@pytest.fixture(autouse=True)
def same_process(quick: None) -> Iterator[None]:
    """Checks that the modules that an update imports are removed after it."""
    imported, path, folder = ours(), [*sys.path], Path.cwd()
    yield
    assert {name: ours().get(name) for name in imported} == imported
    places = [module.__file__ for module in ours().values() if module.__file__]
    assert all(Path(place).is_relative_to(ROOT) for place in places)
    assert (sys.path, Path.cwd()) == (path, folder)


def answer(
    monkeypatch: pytest.MonkeyPatch, typed: Mapping[str, object]
) -> list[tuple[str, object]]:
    """Answer Copier's questions, by default with Enter; return the questions with defaults."""
    asked: list[tuple[str, object]] = []

    def prompt(questions: list[dict[str, Any]], answers: dict[str, Any]) -> dict[str, Any]:
        [question] = questions
        name = question["name"]
        if not question["when"](answers):
            return answers
        asked.append((name, answers[name]))
        given = typed.get(name, answers[name])
        if isinstance(given, type) and issubclass(given, BaseException):
            raise given
        return {name: given}

    monkeypatch.setattr(_main, "unsafe_prompt", prompt)
    return asked


def edit(project: Path) -> None:
    """Edit files so that Copier itself would lose the edits: a renamed and a removed one."""
    for path in ("src/orbit/chassis/console.py", "Makefile", "tests/chassis/databases.py"):
        with (project / path).open("a") as file:
            file.write(f"# mine, in {path}\n")
    commit_all(project)


def test_copier_can_render_exclude_with_older_answers(published: Path) -> None:
    """It renders the old release with the new table, and fails on unknown names."""
    first = Git(published).text("show", "1.0.0:copier.yml")
    known = {*yaml.safe_load(first), "_copier_operation"}
    environment = Environment(undefined=StrictUndefined, autoescape=True)
    for row in yaml.safe_load((published / "copier.yml").read_text())["_exclude"]:
        environment.from_string(row).render(dict.fromkeys(known, ""))


def test_both_commands_have_the_same_result(generate: Generate, newest: str) -> None:
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
            assert not git.text("diff", "--name-only"), "all changes are staged"
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


def test_a_conflict_has_a_status_and_is_reported(generate: Generate) -> None:
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


def test_a_failure_to_write_the_report_does_not_fail_the_update(generate: Generate) -> None:
    project = generate(MINIMAL)
    (project / ".git" / REPORT).mkdir()
    done = copier_update(project)
    assert done.returncode == 0, done.stderr
    assert "The report cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert Git(project).text("diff", "--cached", "--name-only")


def test_an_answer_can_change_during_an_update(generate: Generate) -> None:
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
    """Copier uses `git status`, which the user may have configured to hide untracked files."""
    project = generate(MINIMAL)
    git = Git(project)
    git.run("config", "status.showUntrackedFiles", "no")
    (project / "scripts").mkdir()
    mine = project / "scripts" / "update.py"
    mine.write_text("mine")
    done = copier_update(project)
    assert done.returncode != 0
    assert "scripts/update.py is untracked" in done.stderr
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


def test_each_question_is_asked_once_with_the_recorded_answer(
    generate: Generate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = generate({**MINIMAL, "python_version": "3.12", "author_email": "ada@example.org"})
    asked = answer(monkeypatch, {"description": "Another sentence."})
    copier.run_update(project, overwrite=True, unsafe=True, skip_if_exists=["*"], conflict="rej")
    assert "--skip, --conflict: ignored" in capsys.readouterr().err
    defaults = dict(asked)
    assert len(asked) == len(defaults)
    assert defaults["lowest_python"] == "3.12", "the recorded answer is migrated"
    assert defaults["author_email"] == "ada@example.org"
    assert "python_version" not in defaults
    assert not {"copyright_year", "example_parts"} & defaults.keys()
    recorded = yaml.safe_load((project / ANSWERS_FILE).read_text())
    assert recorded["description"] == "Another sentence."
    assert {name: recorded[name] for name in defaults} == {
        **defaults,
        "description": "Another sentence.",
    }


def answers_of(project: Path) -> dict[str, Any]:
    recorded = yaml.safe_load((project / ANSWERS_FILE).read_text())
    return {name: value for name, value in recorded.items() if not name.startswith("_")}


def test_recorded_answers_are_kept(published: Path, tmp_path: Path) -> None:
    """With a release without changes, so that only answers could change."""
    template, project = tmp_path / "template", tmp_path / "project"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    options = ("--data", "database=sqlite", "--defaults", "--trust", "--skip-tasks", "--quiet")
    subprocess.run([COPIER, "copy", *options, template, project], check=True)
    git_in(project).run("init", "--quiet")
    commit_all(project)
    before = answers_of(project)
    assert before["database"] == "sqlite"
    release(template, "9.0.0")
    done = copier_update(project)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load((project / ANSWERS_FILE).read_text())["_commit"] == "9.0.0"
    assert answers_of(project) == before


@pytest.mark.parametrize("with_copier", [True, False])
def test_answers_from_before_the_groups_are_kept(with_copier: bool, generate: Generate) -> None:
    """Both answers that equal the preset's and others."""
    given = {"preset": "complete", "database": "sqlite", "sentry": False, "ci": "gitlab"}
    project = generate(given, version="1.5.0")
    before = answers_of(project)
    if with_copier:
        done = copier_update(project)
        assert done.returncode == 0, done.stderr
    else:
        update(project)
    given_now = {
        "decide": [],
        "chassis_tests": True,
        "secure_defaults": False,
        "proxy": "none",
        "proxy_variables": False,
        "mail": "none",
        "example_parts": [],
    }
    assert answers_of(project) == {**before, **given_now}


@pytest.mark.parametrize("with_copier", [True, False])
def test_words_in_the_answers_file_become_booleans(
    with_copier: bool, generate: Generate, newest: str
) -> None:
    """Copier itself reads any word as yes in questions that it does not ask."""
    project = generate({"preset": "minimal", "hooks": True}, version=newest)
    assert (project / ".pre-commit-config.yaml").exists()
    path = project / ANSWERS_FILE
    text = path.read_text().replace("procfile: false", "procfile: 'No'")
    path.write_text(text.replace("hooks: true", "hooks: 'yes'"))
    commit_all(project)
    assert drift(project) == []
    if with_copier:
        done = copier_update(project, "--data", "cache=memory")
        assert done.returncode == 0, done.stderr
    else:
        update(project, data={"cache": "memory"})
    answers = answers_of(project)
    assert (answers["hooks"], answers["procfile"]) == (True, False)
    assert (project / ".pre-commit-config.yaml").exists()
    assert not (project / "Procfile").exists()


def test_another_preset_changes_no_recorded_answer(
    generate: Generate, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = generate(MINIMAL, version="1.5.0")
    before = answers_of(project)
    asked = answer(monkeypatch, {"preset": "complete", "decide": ["observability"], "sentry": True})
    copier.run_update(project, overwrite=True, unsafe=True)
    names = [name for name, _ in asked]
    after_the_group = names[names.index("decide") + 1 :]
    assert after_the_group == members("observability")
    changed = {"preset": "complete", "decide": ["observability"], "sentry": True}
    given_now = {
        "chassis_tests": True,
        "secure_defaults": False,
        "mail": "none",
        "example_parts": [],
    }
    assert answers_of(project) == {**before, **changed, **given_now}


def test_an_interrupt_at_a_question_changes_nothing(
    generate: Generate, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = generate(MINIMAL)
    before = contents(project)
    asked = answer(monkeypatch, {"description": "Another.", "preset": KeyboardInterrupt})
    with pytest.raises(KeyboardInterrupt):
        copier.run_update(project, overwrite=True, unsafe=True)
    assert asked[-1][0] == "preset"
    assert contents(project) == before
    assert not Git(project).text("status", "--porcelain")
    with only_update(project / ".git", ""):
        # The lock is released.
        pass


def test_another_copier_is_refused(generate: Generate, monkeypatch: pytest.MonkeyPatch) -> None:
    project = generate(MINIMAL)
    monkeypatch.delattr(_main.Worker, "_apply_update")
    with pytest.raises(UserMessageError, match="does not know how this version of Copier updates"):
        copier.run_update(project, defaults=True, overwrite=True, unsafe=True)
    assert not Git(project).text("status", "--porcelain")
