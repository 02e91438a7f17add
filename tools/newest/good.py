"""The versions of packages with which each project last passed."""

from __future__ import annotations

import json
from pathlib import Path

from .results import Change, Result


def read(path: Path) -> dict[str, dict[str, str]]:
    """Read the last good versions, by answer set and Python.

    Args:
        path: The file; it may be missing.
    """
    found: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}
    return found


def update(path: Path, results: list[Result]) -> None:
    """Record the versions of all projects that passed; those of others stay.

    Args:
        path: The file.
        results: The results of a run.
    """
    good = read(path)
    for result in results:
        if not result.skipped and not result.failures:
            good[result.case] = result.versions
    path.write_text(json.dumps(dict(sorted(good.items())), indent=1) + "\n")


def changes(old: dict[str, str], new: dict[str, str]) -> list[Change]:
    """Compare versions of packages.

    Args:
        old: The last good versions.
        new: The installed versions.
    """
    return [
        Change(name, old.get(name, ""), new.get(name, ""))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
