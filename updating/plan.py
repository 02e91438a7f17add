"""The plan of an update, stored on disk until it is written."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

PLAN = "twelvestar-update.json"
# Files in the git folder: locks, and files moved to or from the working tree.
FOLDER = "twelvestar"


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes to write.

    Attributes:
        top: Root of the working tree.
        head: The commit that the plan starts from.
        tree: The tree that the working tree and the index will have.
        commit: The commit for the current branch; None to leave changes staged.
        written: Files to write, from the root.
        removed: Files to remove.
        stages: Lines for `git update-index` that mark files as conflicts.
        branch: Full name of the current branch; empty for a detached HEAD.
        format: Version of the format. Up to 1.4.1, which wrote in place with git, it was 1.
    """

    top: str
    head: str
    tree: str
    commit: str | None
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    branch: str = ""
    format: int = 1

    def save(self, path: Path) -> None:
        """Write it atomically, and wait until it is on the disk.

        Args:
            path: The file.
        """
        draft = path.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def load(path: Path) -> Plan:
    """Read a plan, also of an earlier release.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: When there is none.
        ValueError: When it is not a plan.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        known = {each.name for each in fields(Plan)}
        return Plan(**{name: value for name, value in document.items() if name in known})
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} is not the plan of an update") from error
