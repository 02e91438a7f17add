"""The commands of `twelvestar fleet`.

Exit status: 0 all services are current or proposed; 1 the inventory or an argument is invalid; 2
some have conflicts; 3 with --strict, some wait for their owners; 4 some failed; 5 stopped by
--stop-at; 130 interrupted. If several apply, the highest is returned.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import Problem
from . import commands
from .commands import Common
from .run import Wish
from .states import State as States

fleet = typer.Typer(
    help="Update all services of an organisation to a release of the template.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Propose(StrEnum):
    """How updates are delivered."""

    PR = "pr"
    BRANCH = "branch"
    COMMIT = "commit"


class Drafts(StrEnum):
    """Which pull requests are drafts."""

    ALWAYS = "always"
    CONFLICTS = "conflicts"
    NEVER = "never"


Inventory = Annotated[
    Path, typer.Option(metavar="FILE", help="The inventory of services.", show_default=True)
]
StateFolder = Annotated[
    Path, typer.Option("--state", metavar="DIR", help="The state folder.", show_default=True)
]
Only = Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Only services that match.")]
Skip = Annotated[
    list[str] | None, typer.Option(metavar="GLOB", help="Leave out services that match.")
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="RELEASE", help="Release to update to; default: the newest."),
]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.")
]
Workers = Annotated[
    int,
    typer.Option(
        min=0, max=64, envvar="FLEET_WORKERS", help="Worker processes; 0 computes in this process."
    ),
]
# Each uses one core, and up to 90 MB.
_WORKERS = min(4, os.cpu_count() or 1)
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 3 if services wait for their owners.")
]
_INVENTORY, _STATE = Path("fleet.toml"), Path(".fleet")


@fleet.command()
def find(
    *,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    only: Only = None,
    skip: Skip = None,
    to: To = None,
    json: Json = None,
) -> int:
    """List the services of the inventory, and why some are left out. Changes nothing."""
    common = Common(inventory, state, only or [], skip or [])
    return _run(commands.find(common, to, json))


@fleet.command()
def preview(
    *,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    only: Only = None,
    skip: Skip = None,
    to: To = None,
    workers: Workers = _WORKERS,
    strict: Strict = False,
) -> int:
    """Compute every update and report what it would do. Changes nothing."""
    common = Common(inventory, state, only or [], skip or [])
    wish = Wish(propose=None)
    return _run(commands.run(common, to, wish, workers=workers, strict=strict))


@fleet.command()
def run(
    *,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    only: Only = None,
    skip: Skip = None,
    to: To = None,
    propose: Annotated[
        Propose, typer.Option(help="How to deliver updates; without a forge, as a branch.")
    ] = Propose.PR,
    wave: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this wave; default: all, in order.")
    ] = None,
    draft: Annotated[
        Drafts | None,
        typer.Option(help="Which pull requests are drafts; default: as in the inventory."),
    ] = None,
    max_open: Annotated[
        int | None, typer.Option(min=1, help="Largest number of open pull requests.")
    ] = None,
    stop_at: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Start no more updates once this share has failed, such as 10%."
        ),
    ] = None,
    workers: Workers = _WORKERS,
    strict: Strict = False,
) -> int:
    """Update all services, as pull requests. Run it again to continue where it stopped."""
    common = Common(inventory, state, only or [], skip or [])
    wish = Wish(
        propose=propose.value,
        max_open=max_open,
        stop_at=commands.share(stop_at),
        draft=None if draft is None else draft.value,
    )
    return _run(commands.run(common, to, wish, workers=workers, strict=strict, wave=wave))


@fleet.command()
def retry(
    *,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    only: Only = None,
    skip: Skip = None,
    to: To = None,
    propose: Annotated[
        Propose, typer.Option(help="How to deliver updates; without a forge, as a branch.")
    ] = Propose.PR,
    workers: Workers = _WORKERS,
    strict: Strict = False,
) -> int:
    """Retry updates that failed, were refused, or whose pull request was closed."""
    common = Common(inventory, state, only or [], skip or [])
    wish = Wish(propose=propose.value, again=True)
    states = frozenset({States.FAILED, States.REFUSED, States.CLOSED, States.MERGED})
    return _run(commands.run(common, to, wish, workers=workers, strict=strict, states=states))


@fleet.command()
def work(
    *,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    workers: Workers = _WORKERS,
) -> int:
    """Run workers for a coordinator on another machine; FLEET_REDIS_URL is its broker."""
    return _run(commands.work(Common(inventory, state, [], []), workers))


@fleet.command()
def status(
    *,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    only: Only = None,
    skip: Skip = None,
    to: To = None,
    drift: Annotated[
        bool, typer.Option("--drift", help="Also list template-owned files with local changes.")
    ] = False,
    json: Json = None,
) -> int:
    """Show pull requests, checks, reviews, and how far behind each service is."""
    common = Common(inventory, state, only or [], skip or [])
    return _run(commands.status(common, to, json, drift=drift))


@fleet.command()
def merge(
    *,
    green: Annotated[
        bool, typer.Option("--green", help="Merge those whose checks pass; required.")
    ] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Also merge those without checks.")
    ] = False,
    at_most: Annotated[int | None, typer.Option(min=1, help="Largest number to merge.")] = None,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    only: Only = None,
    skip: Skip = None,
    to: To = None,
) -> int:
    """Merge pull requests whose checks pass, unless they have conflicts or commits by others."""
    if not green:
        raise Problem("Only green pull requests are merged: run `twelvestar fleet merge --green`.")
    common = Common(inventory, state, only or [], skip or [])
    return _run(commands.merge(common, to, unchecked=unchecked, at_most=at_most))


@fleet.command()
def close(
    *,
    superseded: Annotated[
        bool, typer.Option("--superseded", help="Close those of other releases, not of this one.")
    ] = False,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    only: Only = None,
    skip: Skip = None,
    to: To = None,
) -> int:
    """Close pull requests and delete their branches."""
    common = Common(inventory, state, only or [], skip or [])
    return _run(commands.close(common, to, superseded=superseded))


@fleet.command()
def report(
    *,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    to: To = None,
    json: Json = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as JUnit XML.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as an HTML page.")
    ] = None,
) -> int:
    """Write the report from the state folder, without asking a forge."""
    common = Common(inventory, state, [], [])
    commands.report(common, to, {"json": json, "junit": junit, "html": html})
    return 0


def _run(doing: Coroutine[Any, Any, int]) -> int:
    """Run a command; if several problems occur at once, raise the first."""
    try:
        return asyncio.run(doing)
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from group
