"""One file of a git tree."""

from __future__ import annotations

from dataclasses import dataclass

SYMLINK, SUBMODULE = "120000", "160000"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree.

    Attributes:
        mode: Git's mode, such as `100644`.
        blob: Id of its content.
    """

    mode: str
    blob: str


def entries(listing: bytes) -> dict[str, Entry]:
    """Read what `git ls-tree -z` or `git ls-files --stage -z` prints.

    Args:
        listing: What it printed.

    Returns:
        Files by path.
    """
    found = {}
    for line in listing.decode(errors="surrogateescape").split("\0"):
        if line:
            about, _, path = line.partition("\t")
            words = about.split()
            # `ls-tree` prints the type between mode and id, `ls-files` the stage after them.
            blob = words[2] if words[1] in ("blob", "commit") else words[1]
            found[path] = Entry(words[0], blob)
    return found
