"""What every update ends with, whatever its releases."""

from __future__ import annotations

import tomllib
from typing import Any

from .toolkit import After, Files, after

DECLARATION = "pyproject.toml"
LOCK = "uv.lock"


@after()
def refresh_the_lock_file(project: After) -> None:
    """Make uv.lock anew when the declared dependencies are no longer those that it was made of."""
    if LOCK not in project.project:
        return
    if project.has_conflict(DECLARATION):
        project.remarks.append(
            f"{LOCK} is as it was: run `uv lock` when {DECLARATION} is resolved."
        )
        return
    if _locked(project, project.previous) == _locked(project, project.project):
        return
    if problem := project.run("uv", "lock", "--quiet", writes=[LOCK]):
        project.remarks.append(f"{LOCK} was not made anew; run `uv lock`. ({problem})")


def _locked(project: After, files: Files) -> Any:
    """What of pyproject.toml a lock file depends on."""
    try:
        document = tomllib.loads(project.store.read(files[DECLARATION].blob).decode())
    except (KeyError, ValueError):
        return None
    about = document.get("project", {})
    names = ("name", "version", "requires-python", "dependencies", "optional-dependencies")
    uv = document.get("tool", {}).get("uv")
    return {name: about.get(name) for name in names}, document.get("dependency-groups"), uv
