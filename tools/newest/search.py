"""The search for packages whose new versions break a check."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def guilty(changed: Sequence[str], passes: Callable[[list[str]], bool]) -> list[str]:
    """Find a smallest group of packages that makes a check pass if they are put back.

    It halves the candidates, as bisection does, and also finds packages that only break a check
    together. One guilty package of n needs about 2 log2(n) tries.

    Args:
        changed: The packages with new versions.
        passes: Whether the check passes if these packages are put back.

    Returns:
        The group; empty if the check fails even if all are put back.
    """
    if not changed or not passes(list(changed)):
        return []
    return _smallest([], False, list(changed), passes)


def _smallest(
    back: list[str], grown: bool, candidates: list[str], passes: Callable[[list[str]], bool]
) -> list[str]:
    """The candidates that have to be put back in addition to those that are put back already."""
    if grown and passes(back):
        return []
    if len(candidates) == 1:
        return candidates
    middle = len(candidates) // 2
    first, second = candidates[:middle], candidates[middle:]
    needed = _smallest(back + first, True, second, passes)
    return _smallest(back + needed, bool(needed), first, passes) + needed
