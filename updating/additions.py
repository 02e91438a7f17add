"""Merging files to which both sides only add lines at the same place."""

from __future__ import annotations

import re

from .git import Git
from .scratch import scratch_folder

_NAMES = ("first", "base", "second")
# If both sides only add lines, nothing is between these two markers.
_CHANGED = re.compile(rb"^\|{7} base\r?\n(?!={7}\r?$)", re.MULTILINE)
_MARKERS = re.compile(rb"^(<{7} first|\|{7} base\r?\n={7}|>{7} second)(\r?\n|\Z)", re.MULTILINE)


def one_after_the_other(
    first: bytes, base: bytes, second: bytes, *, common_once: bool = False
) -> bytes | None:
    """Merge two versions of a file, with additions to the same place one after the other.

    Args:
        first: The version whose lines come first.
        base: The common ancestor.
        second: The other version.
        common_once: Whether lines that both add are added once.

    Returns:
        The merged file; None if the versions also differ in a line of the ancestor.
    """
    with scratch_folder() as folder:
        for name, content in zip(_NAMES, (first, base, second), strict=True):
            (folder / name).write_bytes(content)
        git = Git(folder)
        marked = git.run("merge-file", "--stdout", "--diff3", *_NAMES, accept=range(128))[1]
        if _CHANGED.search(marked):
            return None
        if common_once:
            return git.raw("merge-file", "--stdout", "--union", *_NAMES)
        return _MARKERS.sub(b"", marked)
