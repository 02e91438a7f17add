"""mypy accepts each combination of processes, database and authentication, and each part alone.

It finds imports of modules that only another part contains.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.questionnaire import choices
from tests.rendering import locked, part_sets, render
from tests.test_generated import IN_COMPLETE

Check = Callable[[dict[str, Any]], None]

PROCESSES = choices("processes")
# `make test` leaves out combinations with databases whose parts all occur in other combinations.
LEFT_OUT = {("web", "postgresql"), ("web", "mysql"), ("worker", "sqlite"), ("worker", "mysql")}


def combinations() -> Iterator[Any]:
    for processes in PROCESSES:
        for database in choices("database"):
            marks = pytest.mark.thorough if (processes, database) in LEFT_OUT else ()
            yield pytest.param(processes, database, "none", marks=marks)
            if processes != "worker" and database != "none":
                marks = () if (processes, database) == ("web", "sqlite") else pytest.mark.thorough
                for kind in choices("authentication")[1:]:
                    yield pytest.param(processes, database, kind, marks=marks)


@pytest.fixture
def check(template: Path, shared: Path, tmp_path: Path) -> Check:
    """Generates a service, and fails if mypy finds an error in it."""

    def check(answers: dict[str, Any]) -> None:
        project = render(template, tmp_path / "p", answers)
        # Each process has its own cache, because all services have modules of the same names.
        cache = tmp_path.parent / "mypy"
        if not cache.exists():
            shutil.copytree(libraries_read(template, shared), cache)
        done = run_mypy(project, cache)
        assert done.returncode == 0, done.stdout + done.stderr

    return check


@pytest.mark.slow
@pytest.mark.parametrize(("processes", "database", "authentication"), list(combinations()))
def test_strict(processes: str, database: str, authentication: str, check: Check) -> None:
    check({"processes": processes, "database": database, "authentication": authentication})


@pytest.mark.parametrize(
    "processes",
    [
        pytest.param(name, marks=() if name == "web-and-worker" else pytest.mark.slow)
        for name in PROCESSES
    ],
)
def test_strict_with_every_part(processes: str, check: Check) -> None:
    check({"preset": "complete", "processes": processes})


@pytest.mark.slow
@pytest.mark.parametrize("secrets", choices("secrets")[1:])
def test_strict_with_each_secret_store(secrets: str, check: Check) -> None:
    check({"preset": "minimal", "secrets": secrets})


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(IN_COMPLETE))
def test_strict_with_one_part(name: str, check: Check) -> None:
    check(part_sets()[name])


def libraries_read(template: Path, shared: Path) -> Path:
    """mypy's cache of the libraries, which take most of its time."""
    folder = shared / "mypy"
    with locked(folder):
        if not folder.exists():
            project = render(template, shared / "with-all-libraries", {"preset": "complete"})
            run_mypy(project, folder)
    return folder


def run_mypy(project: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={cache}", "src"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
