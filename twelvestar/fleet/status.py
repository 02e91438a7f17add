"""The current state of all services, read from forges and repositories."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ..template import Release
from . import proposals
from .find import Found
from .fleet import Fleet
from .forges import Checks, Forge, ForgeError, Proposal
from .states import State

_AT_ONCE = 16


async def look(
    fleet: Fleet, forges: Mapping[int, Forge], release: Release, services: Sequence[Found]
) -> None:
    """Query the forges for the pull requests of a release, and write their state to the journal.

    Args:
        fleet: The fleet.
        forges: Clients of its forges.
        release: The release.
        services: The services.
    """
    limit = asyncio.Semaphore(_AT_ONCE)

    async def ask(found: Found) -> None:
        state, why = found.outcome.state, found.outcome.why
        about = {**found.outcome.to_json(), "name": found.name, "kind": found.place.kind}
        known = fleet.journal.line(found.key, str(release.version))
        for name in ("conflicts", "files", "made", "text", "seconds", "cpu"):
            about.pop(name)
        if state is State.FOUND and found.place.is_forge and found.repository:
            async with limit:
                try:
                    state, why, more = await _of_proposal(fleet, forges, release, found)
                    about |= more
                except ForgeError as error:
                    state, why = State.FAILED, str(error)
        elif state is State.FOUND and known is not None:
            # Without pull requests, only the journal has more data.
            state, why = known.state, str(known.about.get("why", ""))
        fleet.journal.write(found.key, str(release.version), state, {**about, "why": why})

    async with asyncio.TaskGroup() as group:
        for found in services:
            group.create_task(ask(found))


async def _of_proposal(
    fleet: Fleet, forges: Mapping[int, Forge], release: Release, found: Found
) -> tuple[State, str, dict[str, object]]:
    assert found.repository is not None
    forge = forges[found.index]
    branch = fleet.inventory.branch(release.version, found.folder)
    known = await proposals.earlier(forge, found.repository, branch)
    if standing := proposals.standing(known):
        assert known.last is not None
        return *standing, {"proposal": proposals.journal_data(known.last)}
    if known.open is None:
        return State.FOUND, "", {}
    checks = await forge.checks(found.repository, known.open)
    line = fleet.journal.line(found.key, str(release.version))
    state, why = State.PROPOSED, ""
    if line and line.state in (State.PROPOSED, State.THEIRS):
        state, why = line.state, str(line.about.get("why", ""))
    opened = line.about.get("opened") if line else None
    limit = fleet.inventory.defaults.stale
    if opened and datetime.now(UTC) - datetime.fromisoformat(opened) > limit:
        state, why = State.STALE, f"It has been open for more than {limit.days} days."
    return (
        state,
        why,
        {"proposal": proposals.journal_data(known.open), "checks": said(known.open, checks)},
    )


def said(proposal: Proposal, checks: Checks) -> str:
    """The checks and reviews of a pull request, as text.

    Args:
        proposal: The pull request.
        checks: Its checks.
    """
    words = {"none": "no checks", "pending": "checks run", "success": "checks pass"}
    parts = [words.get(checks.state, "checks fail")]
    if checks.approved is not None:
        parts.append("approved" if checks.approved else "changes asked for")
    if checks.mergeable is False:
        parts.append("cannot be merged")
    if proposal.draft:
        parts.append("draft")
    return ", ".join(parts)
