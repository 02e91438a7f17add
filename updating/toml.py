"""Merging TOML files to which both sides add at the same place, such as the end of a list."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .additions import one_after_the_other
from .trees import Entry, Store

_OURS_BASE_THEIRS = (2, 1, 3)


def with_both_additions(store: Store, path: str, stages: Mapping[int, Entry]) -> bytes | None:
    """Merge a TOML file in which both sides added lines at the same place.

    For git, that is a conflict. Here, the values are checked: the merged file has every value that
    a side added, none that a side removed, and no other.

    Args:
        store: Store with the contents of files.
        path: The file.
        stages: Git's three versions of it, by stage number.

    Returns:
        The merged file; None if it is a real conflict.
    """
    if not path.endswith(".toml") or set(stages) != set(_OURS_BASE_THEIRS):
        return None
    sides = [store.read(stages[stage].blob) for stage in _OURS_BASE_THEIRS]
    try:
        wanted = _merged(*map(values, sides))
        merged = None if wanted is None else one_after_the_other(*sides, common_once=True)
        return merged if merged is not None and values(merged) == wanted else None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None


def values(content: bytes) -> Counter[tuple[str, str]]:
    """Count the values of a TOML file.

    Args:
        content: The file.

    Returns:
        How often each value occurs at each key; all entries of a list have the same key.

    Raises:
        tomllib.TOMLDecodeError: When it is not TOML.
        UnicodeDecodeError: When it is not text.
    """
    return Counter(_leaves(tomllib.loads(content.decode()), ""))


def _leaves(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{place}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, place)
    else:
        yield place, repr(value)


def _merged(
    ours: Counter[tuple[str, str]], base: Counter[tuple[str, str]], theirs: Counter[tuple[str, str]]
) -> Counter[tuple[str, str]] | None:
    merged: Counter[tuple[str, str]] = Counter()
    for value in ours | base | theirs:
        mine, before, yours = ours[value], base[value], theirs[value]
        if mine != before and yours not in (before, mine):
            return None
        merged[value] = yours if mine == before else mine
    return +merged
