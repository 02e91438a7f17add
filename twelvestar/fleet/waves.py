"""Waves: some services are updated first, and others wait for their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from .find import Found
from .inventory import Inventory, Wave
from .journal import Line
from .states import DONE, LEFT_OUT, State

_BAD = frozenset({State.FAILED, State.REFUSED})


@dataclass(frozen=True, slots=True)
class _Member:
    """A service of a wave: its state, and when it was first seen."""

    state: State
    first: datetime | None


def closed(
    inventory: Inventory, services: Sequence[Found], lines: Sequence[Line]
) -> dict[str, str]:
    """Find the services that wait for an earlier wave.

    Args:
        inventory: The inventory.
        services: The selected services.
        lines: The journal's data about all services of waves, also those not selected.

    Returns:
        The reason, by the service's key.
    """
    members = _members(inventory, services, lines)
    found: dict[str, str] = {}
    why = ""
    for index in range(len(inventory.wave) + 1):
        if why:
            here = [each for each in services if inventory.wave_of(each.name) == index]
            found |= {each.key: why for each in here}
        elif index < len(inventory.wave):
            why = _blocks(inventory.wave[index], members[index])
    return found


def _members(
    inventory: Inventory, services: Sequence[Found], lines: Sequence[Line]
) -> list[list[_Member]]:
    """The services of each wave that count for its condition."""
    members: list[list[_Member]] = [[] for _ in range(len(inventory.wave) + 1)]
    known = {line.key: line for line in lines}
    for found in services:
        line, state = known.pop(found.key, None), found.outcome.state
        # The current state of the repository takes precedence over the journal.
        if line is not None and state not in LEFT_OUT:
            state = line.state
        members[inventory.wave_of(found.name)].append(_Member(state, line.first if line else None))
    for line in known.values():
        name = str(line.about.get("name", line.key))
        members[inventory.wave_of(name)].append(_Member(line.state, line.first))
    return members


def _blocks(wave: Wave, members: Sequence[_Member]) -> str:
    """Why the next wave must not start yet; empty if it may."""
    counted = [each for each in members if each.state not in LEFT_OUT - DONE]
    if not counted:
        return ""
    done = [each for each in counted if each.state in DONE]
    bad = [each for each in counted if each.state in _BAD]
    most = wave.then.failed
    if len(bad) > most * len(counted):
        return (
            f"Wave {wave.name} has failed: {len(bad)} of {len(counted)} failed or were refused, "
            f"and the limit is {most:.0%}."
        )
    if len(done) >= wave.then.merged * len(counted):
        return ""
    why = (
        f"It waits for wave {wave.name}: {len(done)} of {len(counted)} have the release, and "
        f"{wave.then.merged:.0%} are required."
    )
    begun = [each.first for each in counted if each.first is not None]
    if wave.then.within and begun and datetime.now(UTC) - min(begun) > wave.then.within:
        why += f" This has taken longer than {wave.then.within.days} days."
    return why
