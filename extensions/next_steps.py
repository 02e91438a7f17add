"""The filter `next_steps`: the commands to run after a copy, depending on installed tools."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension

_INSTALL_UV = {
    "pipx": "pipx install uv",
    "brew": "brew install uv",
    "curl": "curl -LsSf https://astral.sh/uv/install.sh | sh",
}


def next_steps(command: str, folder: str | Path) -> str:
    """List the next three commands.

    Args:
        command: The service's command.
        folder: The service's folder.

    Returns:
        Indented lines.
    """
    steps = [f"cd {shlex.quote(str(folder))}", f"uv run {command} dev"]
    if shutil.which("uv"):
        steps.append("uv run pytest")
    else:
        tools = [install for tool, install in _INSTALL_UV.items() if shutil.which(tool)]
        steps.insert(1, [*tools, "python3 -m pip install --user uv"][0])
    return "\n".join(f"  {step}" for step in steps)


class NextSteps(Extension):
    """Adds the filter to the template's environment."""

    def __init__(self, environment: Environment) -> None:
        """Add it.

        Args:
            environment: The Jinja environment.
        """
        super().__init__(environment)
        environment.filters["next_steps"] = next_steps
