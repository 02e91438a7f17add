"""How the process that writes a plan ends."""

from __future__ import annotations

from dataclasses import dataclass

DONE, MOVED, IN_THE_WAY, FAILED = "done", "moved", "in the way", "failed"
# Only of undoing: another process had carried the plan out, or undone it.
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class End:
    """How it ended.

    Attributes:
        how: `done`; `moved`, because HEAD is no longer what the plan starts from; `in the way`, or
            `failed`. In all cases but the first nothing was changed.
        why: What is in the way, or what failed.
        left: Files that were changed since an interruption, and stay as they are.
    """

    how: str
    why: str = ""
    left: tuple[str, ...] = ()
