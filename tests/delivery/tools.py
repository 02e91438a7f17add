"""Running tools that check generated projects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.commands import run_to_end
from tests.rendering import locked, render
from tests.updates.published import IDENTITY, commit_all
from updating.git import Git

BIN = Path(sys.executable).parent
# Variables that tools need, without those that a service would read.
KEPT = ("HOME", "LANG", "PATH", "UV_", "PIP_", "SSL_", "NODE_", "npm_", "XDG_CACHE")
# Time limit of a tool.
SECONDS = 300
# The parts on which files for delivery depend, and few others.
_FULL = {
    "preset": "minimal",
    "container": True,
    "devcontainer": True,
    "docs_site": True,
    "hooks": True,
}
_PLAIN = {"preset": "minimal", "database": "mysql", "lowest_python": "3.13"}
VARIANTS: dict[str, dict[str, Any]] = {
    "github-full": {**_FULL, "ci": "github", "dependency_updates": "renovate"},
    "gitlab-full": {**_FULL, "ci": "gitlab", "dependency_updates": "dependabot"},
    "github-plain": {**_PLAIN, "ci": "github", "dependency_updates": "dependabot"},
    "gitlab-plain": {**_PLAIN, "ci": "gitlab", "dependency_updates": "renovate"},
    "complete": {"preset": "complete"},
    "standard": {"preset": "standard"},
}


def run(*command: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command, with the tools of this environment first on the path.

    Args:
        command: The command.
        folder: Where to run it.
        variables: Further variables of its environment.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", **IDENTITY, **variables}
    return run_to_end(command, folder, environment, SECONDS)


def must(*command: str | Path, folder: Path, **variables: str) -> str:
    """Run a command that has to succeed.

    Args:
        command: The command.
        folder: Where to run it.
        variables: Further variables of its environment.

    Returns:
        Its output.
    """
    done = run(*command, folder=folder, **variables)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def generated(template: Path, shared: Path, name: str) -> Path:
    """Generate a variant once for all tests, committed and without a lock file.

    Args:
        template: Folder of the template.
        shared: A folder that all processes of a test run share.
        name: One of `VARIANTS`.

    Returns:
        The project, which tests must not change.
    """
    folder = shared / "delivered" / name
    folder.parent.mkdir(exist_ok=True)
    with locked(folder):
        if not folder.exists():
            with_repository(render(template, folder, VARIANTS[name]))
    return folder


def with_repository(project: Path) -> Path:
    """Create a repository, and commit everything.

    Args:
        project: A project without one.

    Returns:
        The project.
    """
    Git(project).run("init", "--quiet", "--initial-branch", "main")
    commit_all(project)
    return project
