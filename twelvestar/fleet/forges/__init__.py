"""Forges: where repositories are found, and changes of them proposed."""

from __future__ import annotations

from .base import (
    STATUS_CONTEXT,
    Checks,
    Conflict,
    Find,
    Forge,
    ForgeError,
    NotAllowed,
    NotFound,
    Proposal,
    Repository,
    Unavailable,
)
from .limits import Clock, Limits, Throttle
from .secrets import read_token, redact

__all__ = [
    "PACES",
    "STATUS_CONTEXT",
    "Checks",
    "Clock",
    "Conflict",
    "Find",
    "Forge",
    "ForgeError",
    "Limits",
    "NotAllowed",
    "NotFound",
    "Proposal",
    "Repository",
    "Throttle",
    "Unavailable",
    "make_forge",
    "read_token",
    "redact",
]

PACES = {"github": 1.0, "gitlab": 0.2, "gitea": 0.1, "pagure": 0.1}
"""Seconds between two writes: what GitHub asks for, and less where nobody says."""


def make_forge(
    kind: str,
    url: str = "",
    token: str = "",
    *,
    limits: Limits | None = None,
    throttle: Throttle | None = None,
) -> Forge:
    """Make the client of a forge; nothing is sent before it is used.

    Args:
        kind: `github`, `gitlab`, `gitea` or `pagure`.
        url: Address of the forge as people know it; github and gitlab have one if it is empty.
        token: `env:NAME` or `file:PATH`.
        limits: What the forge takes; its kind's by default.
        throttle: What keeps to the limits, if several forges of one host share it.

    Raises:
        ForgeError: When the kind is unknown, or the address is none.
    """
    # A worker knows forges only by their errors.
    from .kinds import KINDS

    if (make := KINDS.get(kind)) is None:
        raise ForgeError(f"There is no kind of forge {kind!a}: it is one of {', '.join(KINDS)}.")
    return make(url, token, throttle or Throttle(limits or Limits(pace=PACES[kind])))
