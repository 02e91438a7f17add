"""The command `twelvestar fleet`, and its inventory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.rendering import ROOT

Command = Callable[..., subprocess.CompletedProcess[str]]


def command_environment(folder: Path) -> dict[str, str]:
    """Variables for the command.

    Args:
        folder: A folder with an empty HOME in it.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    said = {"HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    # Processes take a second each to start.
    said |= {"FLEET_RETRY_DELAY": "0.2", "FLEET_WORKERS": "0"}
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
