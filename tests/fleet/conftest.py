"""A fleet to work on, and the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.rendering import ROOT
from tests.updates.published import versions
from updating.shared import Shared

from .remotes import make_remotes

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def remotes(common: Shared, published: Path, tmp_path: Path) -> Callable[[int], list[Path]]:
    """Makes bare repositories with services of the last three releases."""

    def make(count: int) -> list[Path]:
        last = versions(published)[-4:-1]
        return make_remotes(common, published, last, tmp_path / "remotes", count)

    return make


@pytest.fixture
def fleet(tmp_path: Path, published: Path, common: Shared) -> Command:
    """Runs a command of the fleet in a folder with the inventory, and with an empty HOME."""
    (tmp_path / "home").mkdir(exist_ok=True)

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "twelvestar", "fleet", *arguments],
            cwd=tmp_path,
            env={**environment(tmp_path), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def environment(folder: Path) -> dict[str, str]:
    """Variables for the command.

    Args:
        folder: A folder with an empty HOME in it.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    said = {"HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "FLEET_RETRY_DELAY": "0.2"}
    # A fleet of tests need not render anew what another test has rendered.
    return {**kept, **said}


def write_inventory(folder: Path, template: Path, remotes: Sequence[Path], more: str = "") -> Path:
    """Write an inventory of plain git remotes.

    Args:
        folder: Where.
        template: Where the template is.
        remotes: The repositories.
        more: Further lines.
    """
    repos = "\n".join(f"    {str(each)!r}," for each in remotes)
    path = folder / "fleet.toml"
    path.write_text(
        f"template = {str(template)!r}\n\n[[forge]]\nkind = 'git'\nrepos = [\n{repos}\n]\n{more}"
    )
    return path
