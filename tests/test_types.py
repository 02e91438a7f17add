"""Every combination of processes, database and authentication passes mypy, and so do all parts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rendering import render

PROCESSES = ["web-and-worker", "web", "worker"]


def combinations() -> Iterator[Any]:
    for processes in PROCESSES:
        for database in ("none", "sqlite", "postgresql", "mysql"):
            yield processes, database, "none"
            if processes != "worker" and database != "none":
                marks = () if (processes, database) == ("web", "sqlite") else pytest.mark.thorough
                for kind in ("session", "jwt"):
                    yield pytest.param(processes, database, kind, marks=marks)


@pytest.mark.parametrize(("processes", "database", "authentication"), list(combinations()))
def test_strict(
    processes: str, database: str, authentication: str, template: Path, tmp_path: Path
) -> None:
    answers = {"processes": processes, "database": database, "authentication": authentication}
    check(answers, template, tmp_path)


@pytest.mark.parametrize("processes", PROCESSES)
def test_strict_with_every_part(processes: str, template: Path, tmp_path: Path) -> None:
    check({"preset": "complete", "processes": processes}, template, tmp_path)


@pytest.mark.parametrize("secrets", ["files", "vault", "aws", "gcp", "azure"])
def test_strict_wherever_secrets_are(secrets: str, template: Path, tmp_path: Path) -> None:
    check({"preset": "minimal", "secrets": secrets}, template, tmp_path)


def check(answers: dict[str, Any], template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "p", answers)
    cache = tmp_path.parent / "mypy"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={cache}", "src"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
