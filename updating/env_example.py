"""Merging `.env.example`, to which a release and a team both add settings at the end."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .additions import one_after_the_other
from .trees import Entry, Store

NAME = ".env.example"
_SETTING = re.compile(rb"^#?(\w+)=", re.MULTILINE)


def with_both_additions(store: Store, path: str, stages: Mapping[int, Entry]) -> bytes | None:
    """Merge a `.env.example` in which both sides added settings at the same place.

    The template's settings come first, as in the output of `config --example`.

    Args:
        store: Store with the contents of files.
        path: The file.
        stages: Git's three versions of it, by stage number.

    Returns:
        The merged file; None if it is a real conflict, or if both sides added the same setting.
    """
    if path.rpartition("/")[2] != NAME or set(stages) != {1, 2, 3}:
        return None
    base, ours, theirs = (store.read(stages[stage].blob) for stage in (1, 2, 3))
    merged = one_after_the_other(theirs, base, ours)
    if merged is None:
        return None
    names = _SETTING.findall(merged)
    return merged if len(names) == len(set(names)) else None
