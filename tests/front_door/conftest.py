"""The command, installed like users do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rendering import locked

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def installed(shared: Path, published: Path) -> Path:
    """A folder with the command, installed from the URL of the published template."""
    folder = shared / "installed"
    with locked(folder):
        if not folder.exists():
            install = ("pip", "install", "--quiet", "--no-deps", "--no-build-isolation")
            uv = Path(sys.executable).with_name("uv")
            subprocess.run(
                [
                    uv,
                    *install,
                    "--python",
                    sys.executable,
                    "--target",
                    folder,
                    f"git+{published.as_uri()}",
                ],
                env={**os.environ, "UV_PYTHON": sys.executable},
                check=True,
            )
    return folder


@pytest.fixture
def twelvestar(installed: Path, tmp_path: Path) -> Run:
    """Runs the command with an empty HOME."""
    home = tmp_path / "home"
    home.mkdir()

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
        said = {"HOME": str(home), "PYTHONPATH": str(installed), "NO_COLOR": "1"}
        return subprocess.run(
            [sys.executable, "-m", "twelvestar", *arguments],
            cwd=tmp_path,
            env={**kept, **said, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
