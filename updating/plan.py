"""What an update will write into a project, as it is kept on disk until that is done."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

PLAN = "twelvestar-update.json"
# What git shows to nobody: locks, and files on their way to the working tree and from it.
FOLDER = "twelvestar"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        top: Root of the working tree.
        head: The commit that the plan starts from.
        tree: What the working tree and the index shall be.
        commit: A commit of it for the current branch; None to leave it staged.
        written: Files to write, from the root.
        removed: Files to remove.
        stages: Lines for `git update-index` that mark files as conflicts.
        branch: Full name of the current branch; empty for a detached HEAD.
        format: How it is carried out. Up to 1.4.1, in place and by git, it was 1.
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
        """Write it, all or nothing, and wait until it is on the disk.

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
    """Read a plan, of an earlier release too.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: When there is none.
        ValueError: When it is none.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        known = {each.name for each in fields(Plan)}
        return Plan(**{name: value for name, value in document.items() if name in known})
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} is no plan of an update") from error
