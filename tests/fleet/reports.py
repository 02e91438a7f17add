"""Reports made by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from twelvestar.fleet.report import FORM, FleetReport, Row
from twelvestar.fleet.states import State

ROW = Row(
    key="git@example.org:acme/pay.git",
    name="acme/pay",
    kind="git",
    wave="",
    state=State.PUSHED,
    why="",
    old="1.5.0",
    behind=1,
    days=4,
    conflicts=(),
    files=3,
    url="",
    draft=False,
    checks="",
    drift=None,
    answers={"database": "postgresql", "hooks": True},
    seconds=0.25,
    cpu=0.125,
    last="2026-11-29T17:35:19+00:00",
)
"""An update without messages."""


def row(name: str, **differences: Any) -> Row:
    """Make a row.

    Args:
        name: Name of the service.
        differences: Fields that differ from `ROW`.
    """
    return replace(ROW, key=name, name=name, **differences)


def fleet_report(*rows: Row, **differences: Any) -> FleetReport:
    """Make a report.

    Args:
        rows: The services.
        differences: Fields that differ from a report on 1.6.0.
    """
    states = Counter(each.state for each in rows)
    versions = Counter(each.old for each in rows if each.old)
    conflicting = Counter(place for each in rows for place in each.conflicts)
    made = FleetReport(
        form=FORM,
        template="https://git.example.org/acme/twelvestar",
        release="1.6.0",
        released="2026-11-25T09:00:00+00:00",
        made="2026-11-29T17:35:22+00:00",
        counts={state.value: states[state] for state in State if states[state]},
        versions=dict(sorted(versions.items(), reverse=True)),
        conflicting=dict(conflicting.most_common()),
        rows=rows,
    )
    return replace(made, **differences)


def every_state() -> FleetReport:
    """A report with a service in each of the states."""
    return fleet_report(*(row(f"acme/{state.value}", state=state) for state in State))
