"""Running the tools that look at generated projects."""

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
# What a tool needs of this machine, and nothing that a service would read.
KEPT = ("HOME", "LANG", "PATH", "UV_", "PIP_", "SSL_", "NODE_", "npm_", "XDG_CACHE")
# The longest that a tool may take.
SECONDS = 300
# What the files that deliver a service depend on, and little besides.
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
    """Run a command, this environment's tools before the machine's own.

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
        What it printed.
    """
    done = run(*command, folder=folder, **variables)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def generated(template: Path, shared: Path, name: str) -> Path:
    """Have a variant that is generated once for all tests, committed and without a lock file.

    Args:
        template: Where the template is.
        shared: A folder that all processes of a test run have in common.
        name: One of `VARIANTS`.

    Returns:
        The project, which is nobody's to change.
    """
    folder = shared / "delivered" / name
    folder.parent.mkdir(exist_ok=True)
    with locked(folder):
        if not folder.exists():
            begun(render(template, folder, VARIANTS[name]))
    return folder


def begun(project: Path) -> Path:
    """Begin a repository with everything in its first commit.

    Args:
        project: A project without one.

    Returns:
        The project.
    """
    Git(project).run("init", "--quiet", "--initial-branch", "main")
    commit_all(project)
    return project
