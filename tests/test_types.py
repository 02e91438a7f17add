"""Every combination of processes, database and authentication passes mypy, and so do all parts.

A part that by itself imports what only another part brings is found here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rendering import locked, part_sets, render
from tests.test_generated import IN_COMPLETE

Check = Callable[[dict[str, Any]], None]

PROCESSES = ["web-and-worker", "web", "worker"]
# Of their combinations with databases, `make test` leaves out what has each of its parts in others.
LEFT_OUT = {("web", "postgresql"), ("web", "mysql"), ("worker", "sqlite"), ("worker", "mysql")}


def combinations() -> Iterator[Any]:
    for processes in PROCESSES:
        for database in ("none", "sqlite", "postgresql", "mysql"):
            marks = pytest.mark.thorough if (processes, database) in LEFT_OUT else ()
            yield pytest.param(processes, database, "none", marks=marks)
            if processes != "worker" and database != "none":
                marks = () if (processes, database) == ("web", "sqlite") else pytest.mark.thorough
                for kind in ("session", "jwt"):
                    yield pytest.param(processes, database, kind, marks=marks)


@pytest.fixture
def check(template: Path, shared: Path, tmp_path: Path) -> Check:
    """Generates a service, and fails unless mypy finds nothing in it."""

    def check(answers: dict[str, Any]) -> None:
        project = render(template, tmp_path / "p", answers)
        # Each process has its own, because all services have modules of the same names.
        cache = tmp_path.parent / "mypy"
        if not cache.exists():
            shutil.copytree(libraries_read(template, shared), cache)
        done = run_mypy(project, cache)
        assert done.returncode == 0, done.stdout + done.stderr

    return check


@pytest.mark.parametrize(("processes", "database", "authentication"), list(combinations()))
def test_strict(processes: str, database: str, authentication: str, check: Check) -> None:
    check({"processes": processes, "database": database, "authentication": authentication})


@pytest.mark.parametrize("processes", PROCESSES)
def test_strict_with_every_part(processes: str, check: Check) -> None:
    check({"preset": "complete", "processes": processes})


@pytest.mark.parametrize("secrets", ["files", "vault", "aws", "gcp", "azure"])
def test_strict_wherever_secrets_are(secrets: str, check: Check) -> None:
    check({"preset": "minimal", "secrets": secrets})


@pytest.mark.parametrize("name", sorted(IN_COMPLETE))
def test_strict_with_one_part(name: str, check: Check) -> None:
    check(part_sets()[name])


def libraries_read(template: Path, shared: Path) -> Path:
    """What mypy keeps of the libraries, which takes it most of the time."""
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
