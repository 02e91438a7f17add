"""Waves: some services are updated before others, and the others wait for how that goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from .find import Found
from .inventory import Inventory, Wave
from .journal import Line
from .states import DONE, LEFT_OUT, State

_BAD = frozenset({State.FAILED, State.REFUSED})


def closed(
    inventory: Inventory, services: Sequence[Found], line: Callable[[str], Line | None]
) -> Mapping[str, str]:
    """Find the services that wait for an earlier wave.

    Args:
        inventory: The inventory.
        services: All services.
        line: What the journal has of one.

    Returns:
        Why, by the service's key.
    """
    found: dict[str, str] = {}
    why = ""
    for index in range(len(inventory.wave) + 1):
        here = [each for each in services if inventory.wave_of(each.name) == index]
        if why:
            found |= {each.key: why for each in here}
        elif index < len(inventory.wave):
            why = _blocks(inventory.wave[index], here, line)
    return found


def _blocks(wave: Wave, services: Sequence[Found], line: Callable[[str], Line | None]) -> str:
    """Why the wave after a wave may not begin yet; empty if it may."""
    counted = [each for each in services if each.outcome.state not in LEFT_OUT - DONE]
    if not counted:
        return ""
    lines = {each.key: line(each.key) for each in counted}
    done = [each for each in counted if _state(each, lines[each.key]) in DONE]
    bad = [each for each in counted if _state(each, lines[each.key]) in _BAD]
    most = wave.then.failed
    if len(bad) > most * len(counted):
        return (
            f"Wave {wave.name} has failed: {len(bad)} of {len(counted)} failed or were refused, "
            f"and {most:.0%} may."
        )
    if len(done) >= wave.then.merged * len(counted):
        return ""
    why = (
        f"It waits for wave {wave.name}: {len(done)} of {len(counted)} have the release, and "
        f"{wave.then.merged:.0%} have to."
    )
    begun = [known.first for known in lines.values() if known is not None]
    if wave.then.within and begun and datetime.now(UTC) - min(begun) > wave.then.within:
        why += f" That takes longer than {wave.then.within.days} days."
    return why


def _state(found: Found, line: Line | None) -> State:
    # What is in the repository now counts more than what was.
    return found.outcome.state if found.outcome.state in DONE or line is None else line.state
