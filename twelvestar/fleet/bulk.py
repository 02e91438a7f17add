"""Merging and closing many pull requests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from ..template import Release
from . import proposals
from .find import Found, task_for
from .fleet import Fleet
from .forges import Checks, Forge, ForgeError, Proposal
from .states import State
from .work import Worker

_LOG = structlog.get_logger()
_OTHERS = "its branch has commits by others"


async def merge(
    fleet: Fleet, forges: Mapping[int, Forge], release: Release, services: Sequence[Found],
    worker: Worker, *, unchecked: bool, at_most: int | None,
) -> dict[str, State]:  # fmt: skip
    """Merge the pull requests of a release that are green.

    Args:
        fleet: The fleet.
        forges: Clients of its forges.
        release: The release.
        services: The services.
        worker: Reads repositories.
        unchecked: Whether to merge pull requests without checks.
        at_most: The largest number to merge.

    Returns:
        States of the services with a pull request, by key.
    """
    states: dict[str, State] = {}
    merged = 0
    for found in services:
        if found.outcome.state is not State.FOUND or found.repository is None:
            continue
        forge = forges[found.index]
        branch = fleet.inventory.branch(release.version, found.folder)
        try:
            known = await proposals.earlier(forge, found.repository, branch)
            if known.open is None:
                continue
            checks = await forge.checks(found.repository, known.open)
            why = _against(known.open, checks, unchecked=unchecked)
            if not why and not await _is_ours(fleet, release, found, known.open, worker):
                why = _OTHERS
            if not why and at_most is not None and merged >= at_most:
                why = f"the limit of --at-most {at_most} is reached"
            if why:
                _LOG.info("not merged", service=found.name, why=why, url=known.open.url)
                states[found.key] = State.PROPOSED
                continue
            await forge.merge(found.repository, known.open)
            merged += 1
            state, why = State.MERGED, ""
            data = {"proposal": proposals.journal_data(replace(known.open, state="merged"))}
        except ForgeError as error:
            state, why, data = State.FAILED, str(error), {}
        states[found.key] = state
        about = {"why": why, "name": found.name, "kind": found.place.kind, **data}
        fleet.journal.write(found.key, str(release.version), state, about)
        _LOG.info(state.value, service=found.name, **({"why": why} if why else {}))
    return states


async def close(
    fleet: Fleet, forges: Mapping[int, Forge], release: Release, services: Sequence[Found],
    worker: Worker, *, superseded: bool,
) -> dict[str, State]:  # fmt: skip
    """Close pull requests without merging them, and delete their branches.

    Args:
        fleet: The fleet.
        forges: Clients of its forges.
        release: The release.
        services: The services.
        worker: Reads repositories.
        superseded: Whether to close those of other releases instead of this one.

    Returns:
        States of the services whose pull request was closed, by key.
    """
    states: dict[str, State] = {}
    for found in services:
        if found.repository is None:
            continue
        forge = forges[found.index]
        branches = (fleet.inventory.branch(release.version, found.folder),)
        for branch in found.outcome.older if superseded else branches:
            try:
                known = await proposals.earlier(forge, found.repository, branch)
                if known.open is None:
                    continue
                if not await _is_ours(fleet, release, found, known.open, worker):
                    _LOG.info("not closed", service=found.name, why=_OTHERS, url=known.open.url)
                    continue
                await forge.close(found.repository, known.open, delete_branch=True)
                state, why = State.CLOSED, "The fleet has closed the pull request."
                _LOG.info("closed", service=found.name, url=known.open.url)
            except ForgeError as error:
                state, why = State.FAILED, str(error)
                _LOG.error("not closed", service=found.name, why=why)
            states[found.key] = state
            if not superseded:
                about = {"why": why, "name": found.name, "kind": found.place.kind}
                fleet.journal.write(found.key, str(release.version), state, about)
    return states


async def _is_ours(
    fleet: Fleet, release: Release, found: Found, proposal: Proposal, worker: Worker
) -> bool:
    task = task_for(found, fleet.inventory, release, "look")
    return await asyncio.to_thread(worker.is_ours, task, proposal.head)


def _against(proposal: Proposal, checks: Checks, *, unchecked: bool) -> str:
    """The reason not to merge a pull request; empty if there is none."""
    if proposal.draft:
        return "it is a draft"
    if checks.state == "failure":
        return "a check fails"
    if checks.state == "pending":
        return "checks are still running"
    if checks.state == "none" and not unchecked:
        return "it has no checks: merge such pull requests with --unchecked"
    if checks.approved is False:
        return "a reviewer asks for changes"
    if checks.mergeable is False:
        return "the forge cannot merge it"
    return ""
