"""Files of the project where the template has a folder, and the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from .entry import SUBMODULE, SYMLINK, Entry
from .errors import UpdateError

Files = dict[str, Entry]


def without_clashes(base: Files, ours: Files, theirs: Files) -> tuple[Files, Files, list[str]]:
    """Leave out of a merge what people have replaced by a folder, a file or a link.

    Git would rename one of the two.

    Args:
        base: Rendering of the project's current release.
        ours: The project.
        theirs: Rendering of the new release.

    Returns:
        Base and theirs without replaced files; and the replaced files that the template changed.

    Raises:
        UpdateError: When a new file of the template clashes with a file of the project.
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
    linked: set[str] = set()
    for path in sorted(theirs.keys() & mine):
        if ours[path].mode == SYMLINK != theirs[path].mode:
            # A symlink is kept like a file, such as CLAUDE.md, which points to AGENTS.md.
            (replaced if path in base else linked).add(path)
        elif path not in base and ours[path].mode[:3] != theirs[path].mode[:3]:
            raise UpdateError(
                f"Your {_kind(ours[path])} {path} has the name of a new file of the release: "
                "rename yours, commit, and update again."
            )
    changed = sorted(path for path in replaced if base[path] != theirs[path])
    return (
        {path: entry for path, entry in base.items() if path not in replaced},
        {path: entry for path, entry in theirs.items() if path not in replaced | linked},
        changed,
    )


def _sentence(path: str, file: str | None, ours: Files) -> str:
    if file is None:
        what = f"Your folder {path} is at the path of a file of the release"
    else:
        what = (
            f"Your {_kind(ours[file])} {file} is at the path of a folder of the release, for {path}"
        )
    return f"{what}: rename yours, commit, and update again."


def _kind(entry: Entry) -> str:
    return {SUBMODULE: "submodule", SYMLINK: "link"}.get(entry.mode, "file")


def _parents(path: str) -> Iterator[str]:
    return (str(parent) for parent in list(PurePosixPath(path).parents)[:-1])
