"""`copier update` keeps the template's part up to date and leaves a person's part alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import copier
import pytest
import yaml

from tests.rendering import export, files

# What an update reads and writes back by itself.
ANSWERS_FILE = ".copier-answers.yml"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", *identity, *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The template as a repository with a release."""
    folder = export(tmp_path / "template")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, "First release")
    git(folder, "tag", "1.0.0")
    return folder


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    """A project of the first release, in a repository of its own."""
    folder = tmp_path / "project"
    copier.run_copy(
        str(template),
        folder,
        data={"copyright_year": 2001},
        defaults=True,
        unsafe=True,
        quiet=True,
        skip_tasks=True,
    )
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, "Generate")
    return folder


def release(template: Path, version: str) -> None:
    commit(template, version)
    git(template, "tag", version)


def update(project: Path) -> None:
    copier.run_update(
        project, defaults=True, unsafe=True, quiet=True, overwrite=True, skip_tasks=True
    )


def package(template: Path) -> Path:
    return template / "template" / "src" / "{{ package_name }}"


def test_a_release_without_changes_changes_nothing(template: Path, project: Path) -> None:
    before = files(project)
    (template / "CHANGELOG.md").write_text("nothing that a project sees\n")
    release(template, "1.0.1")
    update(project)
    after = files(project)
    assert yaml.safe_load(after.pop(ANSWERS_FILE))["_commit"] == "1.0.1"
    del before[ANSWERS_FILE]
    assert after == before
    assert b"2001" in after["LICENSE"], "the year is the one of the copy"


def test_seeded_files_stay_as_their_owner_left_them(template: Path, project: Path) -> None:
    mine = project / "src" / "orbit" / "web" / "notes.py"
    mine.write_text("# mine alone\n")
    gone = project / "src" / "orbit" / "jobs" / "notes.py"
    gone.unlink()
    commit(project, "Make it mine")
    for seeded in ("web/notes.py", "jobs/notes.py"):
        path = package(template) / seeded
        path.write_text(f"# better\n{path.read_text()}")
    release(template, "1.0.1")
    update(project)
    assert mine.read_text() == "# mine alone\n"
    assert not gone.exists()


def test_edits_of_the_chassis_are_merged_with_the_template_s(template: Path, project: Path) -> None:
    mine = project / "src" / "orbit" / "chassis" / "errors.py"
    mine.write_text(f"{mine.read_text()}\n\n# mine, at the end\n")
    commit(project, "Edit the chassis")
    theirs = package(template) / "chassis" / "errors.py"
    theirs.write_text(f"# theirs, at the beginning\n{theirs.read_text()}")
    release(template, "1.0.1")
    update(project)
    merged = mine.read_text()
    assert merged.startswith("# theirs, at the beginning\n")
    assert merged.endswith("# mine, at the end\n")
    assert "<<<<<<<" not in merged
