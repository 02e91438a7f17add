"""Guides for coding agents, which many projects had before the template added them."""

from __future__ import annotations

from .entry import Entry
from .trees import Store

GUIDES = ("AGENTS.md", "CLAUDE.md")
# If less of the template's file is left, the project's file is considered its own.
_SHARE = 0.25


def written_by_hand(
    store: Store, base: dict[str, Entry], ours: dict[str, Entry], theirs: dict[str, Entry]
) -> set[str]:
    """Find guides that the project's authors wrote, which are not merged with the template's.

    Args:
        store: Store with the contents of files.
        base: Rendering of the project's current release.
        ours: The project.
        theirs: Rendering of the new release.
    """
    there = [path for path in GUIDES if path in ours and path in theirs]
    return {path for path in there if not _from_template(store, base.get(path), ours[path])}


def _from_template(store: Store, rendered: Entry | None, mine: Entry) -> bool:
    if rendered is None:
        return False
    lines, kept = ({*store.read(each.blob).split(b"\n")} for each in (rendered, mine))
    lines -= {b""}
    return len(lines & kept) >= _SHARE * len(lines)
