"""Verdicts on a claim, and the claims."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .subject import Subject

Answer = Literal["yes", "no", "not checked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found.

    Attributes:
        answer: Whether the claim is true, or that it could not be checked.
        reason: Why not, in a few words.
    """

    answer: Answer
    reason: str = ""


def judge(is_true: bool, reason: str) -> Verdict:
    """Make a verdict.

    Args:
        is_true: Whether the claim is true.
        reason: The reason if it is false.
    """
    return Verdict("yes") if is_true else Verdict("no", reason)


def no(reason: str) -> Verdict:
    """The verdict on a false claim.

    Args:
        reason: Why it is false.
    """
    return Verdict("no", reason)


@dataclass(frozen=True, slots=True)
class Row:
    """A claim, and the check that decides it.

    Attributes:
        factor: The factor of twelve-factor.net that it belongs to, in Roman numerals; empty if it
            belongs to none.
        claim: The claim.
        how: The command, the request or the file that decides it, in a few words.
        check: The check.
        needs: The commands and paths of the description that it needs, such as `commands.start`.
            Without one of them, the claim is false.
    """

    factor: str
    claim: str
    how: str
    check: Callable[[Subject], Verdict]
    needs: tuple[str, ...] = ()
