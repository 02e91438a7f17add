"""Every combination of processes, database and authentication passes mypy in strict mode."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rendering import render


def combinations() -> Iterator[tuple[str, str, str]]:
    for processes in ("web-and-worker", "web", "worker"):
        for database in ("none", "sqlite", "postgresql", "mysql"):
            yield processes, database, "none"
            if processes != "worker" and database != "none":
                yield from ((processes, database, kind) for kind in ("session", "jwt"))


@pytest.mark.parametrize(("processes", "database", "authentication"), combinations())
def test_strict(
    processes: str, database: str, authentication: str, template: Path, tmp_path: Path
) -> None:
    answers = {"processes": processes, "database": database, "authentication": authentication}
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
