"""Clients of forges, which find repositories and manage pull requests."""

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
"""Seconds between two writes: GitHub's documented pause, and less for other forges."""


def make_forge(
    kind: str,
    url: str = "",
    token: str = "",
    *,
    limits: Limits | None = None,
    throttle: Throttle | None = None,
) -> Forge:
    """Make the client of a forge, without sending requests.

    Args:
        kind: `github`, `gitlab`, `gitea` or `pagure`.
        url: URL of the forge; empty for github.com and gitlab.com.
        token: `env:NAME` or `file:PATH`.
        limits: Rate limits; by default those of the kind.
        throttle: Enforces the limits; several forges of one host can share it.

    Raises:
        ForgeError: When the kind is unknown, or the URL is invalid.
    """
    # Imported here, because workers need only the errors of forges.
    from .kinds import KINDS

    if (make := KINDS.get(kind)) is None:
        raise ForgeError(f"There is no kind of forge {kind!a}: it is one of {', '.join(KINDS)}.")
    return make(url, token, throttle or Throttle(limits or Limits(pace=PACES[kind])))
