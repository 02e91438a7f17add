"""The result of the process that writes a plan."""

from __future__ import annotations

from dataclasses import dataclass

DONE, MOVED, IN_THE_WAY, FAILED = "done", "moved", "in the way", "failed"
# Only when undoing: another process had carried the plan out, or undone it.
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class End:
    """The result.

    Attributes:
        how: `done`; `moved`, because HEAD has moved since the plan was made; `in the way`, or
            `failed`. In all cases but the first, nothing was changed.
        why: The obstacle, or the error.
        left: Files that were changed since an interruption, and were kept.
    """

    how: str
    why: str = ""
    left: tuple[str, ...] = ()
