"""Every combination of processes and database passes mypy in strict mode."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rendering import render


@pytest.mark.parametrize("database", ["none", "sqlite", "postgresql", "mysql"])
@pytest.mark.parametrize("processes", ["web-and-worker", "web", "worker"])
def test_strict(processes: str, database: str, template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "p", {"processes": processes, "database": database})
    cache = tmp_path.parent / "mypy"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={cache}", "src"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
