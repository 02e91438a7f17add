"""The tasks after a copy: a lock file and a first commit, or a sentence on what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rendering import ROOT

FINISH = ROOT / "tasks" / "finish.py"
LOCKING = "Locking the dependencies with uv: a few seconds, or about a minute the first time.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\n'
    )
    return folder


def finish(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    home = project.parent / "home"
    home.mkdir(exist_ok=True)
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], **variables}
    return subprocess.run(
        [sys.executable, FINISH],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_locks_and_commits_without_git_configuration(project: Path) -> None:
    done = finish(project)
    assert done.returncode == 0
    assert done.stderr == LOCKING
    assert "uv.lock" in git(project, "ls-files")
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "branch", "--show-current") == "main"
    assert git(project, "log", "--format=%an") == "Twelvestar"


def test_the_configured_author_makes_the_commit(project: Path) -> None:
    home = project.parent / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    finish(project)
    assert git(project, "log", "--format=%an <%ae>") == "Ada <ada@example.org>"


def test_a_surrounding_repository_is_not_changed(project: Path) -> None:
    git(project.parent, "init", "--quiet")
    done = finish(project)
    assert done.returncode == 0
    assert not (project / ".git").exists()
    assert git(project.parent, "status", "--porcelain") != ""


def test_without_git_it_says_so(project: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    done = finish(project, PATH=str(tools))
    assert done.returncode == 0
    assert "No git repository was created, because git is not installed: " in done.stderr


def test_without_uv_it_says_so(project: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git") or "git")
    python = tmp_path / "elsewhere" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    done = subprocess.run(
        [python, FINISH],
        cwd=project,
        env={
            "HOME": str(tmp_path),
            "PATH": str(tools),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "install uv and run `uv lock`" in done.stderr
    assert git(project, "log", "--format=%s") == "Generate the service from Twelvestar"


def test_a_failed_lock_is_explained(project: Path) -> None:
    (project / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\n'
        'dependencies = ["p-that-is-not-there @ file:///nowhere"]\n'
    )
    done = finish(project)
    assert done.returncode == 0
    assert done.stderr.removeprefix(LOCKING).count("\n") == 1
    assert "run `uv lock` to see why" in done.stderr
    assert git(project, "log", "--format=%s") != ""
