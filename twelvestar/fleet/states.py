"""The states of services."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of a service for one release."""

    ARCHIVED = "archived"
    PINNED = "pinned"
    OPTED_OUT = "opted-out"
    FOREIGN = "foreign"
    CURRENT = "current"
    NEWER = "newer"
    FOUND = "found"
    QUEUED = "queued"
    REFUSED = "refused"
    FAILED = "failed"
    CLEAN = "clean"
    CONFLICTS = "conflicts"
    PUSHED = "pushed"
    PROPOSED = "proposed"
    UPDATED = "updated"
    THEIRS = "theirs"
    MERGED = "merged"
    CLOSED = "closed-by-owner"
    SUPERSEDED = "superseded"
    STALE = "stale"


MEANINGS = {
    State.ARCHIVED: "its repository is read-only",
    State.PINNED: "the inventory does not allow this release",
    State.OPTED_OUT: "its own pyproject.toml does not allow this release",
    State.FOREIGN: "it was not generated from this template",
    State.CURRENT: "it already has this release",
    State.NEWER: "it has a newer release",
    State.FOUND: "it can be updated",
    State.QUEUED: "it waits for its turn",
    State.REFUSED: "its owners have to fix something first",
    State.FAILED: "the update, the push or the forge failed",
    State.CLEAN: "the update is computed, without conflicts",
    State.CONFLICTS: "the update is computed, with conflicts",
    State.PUSHED: "the update is on a branch",
    State.PROPOSED: "the update is an open pull request",
    State.UPDATED: "the update is committed",
    State.THEIRS: "others have committed to the update's branch",
    State.MERGED: "the update was merged",
    State.CLOSED: "its owner closed the pull request",
    State.SUPERSEDED: "the update to a newer release replaces it",
    State.STALE: "its pull request has been open for too long",
}
"""Description of each state."""

LEFT_OUT = frozenset(
    {State.ARCHIVED, State.PINNED, State.OPTED_OUT, State.FOREIGN, State.CURRENT, State.NEWER}
)
"""States of services that there is nothing to do for."""

DONE = frozenset({State.CURRENT, State.NEWER, State.UPDATED, State.MERGED})
"""States of services that have the release, or more."""

FOR_OWNERS = frozenset(
    {State.REFUSED, State.PINNED, State.OPTED_OUT, State.CLOSED, State.THEIRS, State.STALE}
)
"""States of services that wait for their owners."""
