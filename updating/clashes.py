"""Files of a person's where the template has a folder, and the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from .entry import SUBMODULE, SYMLINK, Entry
from .errors import UpdateError

Files = dict[str, Entry]


def without_clashes(base: Files, ours: Files, theirs: Files) -> tuple[Files, Files, list[str]]:
    """Take out of a merge what a person has replaced by a folder, or by a file.

    Git would give one of the two another name, which nobody has chosen.

    Args:
        base: What the template made of the project the last time.
        ours: The project.
        theirs: What the template makes of it now.

    Returns:
        Base and theirs without what was replaced; and those files of it that the template changed.

    Raises:
        UpdateError: When what is new in the template clashes with what the person has.
    """
    mine = {path for path, entry in ours.items() if base.get(path) != entry}
    folders = {parent for path in mine for parent in _parents(path)}
    replaced = set()
    for path in sorted(theirs.keys() - ours.keys()):
        file = next((parent for parent in _parents(path) if parent in mine), None)
        if file is None and path not in folders:
            continue
        if path not in base:
            raise UpdateError(_sentence(path, file, ours))
        replaced.add(path)
    for path in sorted(theirs.keys() & mine - base.keys()):
        if ours[path].mode[:3] != theirs[path].mode[:3]:
            raise UpdateError(
                f"Your {_kind(ours[path])} {path} has the name of a new file of the release: "
                "rename yours, commit, and update again."
            )
    changed = sorted(path for path in replaced if base[path] != theirs[path])
    return (
        {path: entry for path, entry in base.items() if path not in replaced},
        {path: entry for path, entry in theirs.items() if path not in replaced},
        changed,
    )


def _sentence(path: str, file: str | None, ours: Files) -> str:
    if file is None:
        what = f"Your folder {path} stands where the release has a file"
    else:
        what = f"Your {_kind(ours[file])} {file} stands where the release has a folder, for {path}"
    return f"{what}: rename yours, commit, and update again."


def _kind(entry: Entry) -> str:
    return {SUBMODULE: "submodule", SYMLINK: "link"}.get(entry.mode, "file")


def _parents(path: str) -> Iterator[str]:
    return (str(parent) for parent in list(PurePosixPath(path).parents)[:-1])
