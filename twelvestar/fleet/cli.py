"""The commands of `twelvestar fleet`.

Status: 0 all is current or proposed; 1 the inventory or an argument is wrong; 2 some have
conflicts; 3 with --strict, some wait for their owners; 4 some failed; 5 stopped by --stop-at; 130
interrupted. The highest applies.
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
    help="Bring all services of an organisation to a release of the template.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Propose(StrEnum):
    """As what updates arrive."""

    PR = "pr"
    BRANCH = "branch"
    COMMIT = "commit"


class Drafts(StrEnum):
    """Which pull requests are drafts."""

    ALWAYS = "always"
    CONFLICTS = "conflicts"
    NEVER = "never"


Inventory = Annotated[
    Path, typer.Option(metavar="FILE", help="Which services there are.", show_default=True)
]
StateFolder = Annotated[
    Path, typer.Option("--state", metavar="DIR", help="Where it remembers.", show_default=True)
]
Only = Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Only such services.")]
Skip = Annotated[list[str] | None, typer.Option(metavar="GLOB", help="No such services.")]
To = Annotated[
    str | None, typer.Option("--to", metavar="RELEASE", help="Default: the newest release.")
]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON.")]
Workers = Annotated[
    int,
    typer.Option(
        min=0, max=64, envvar="FLEET_WORKERS", help="Processes that compute; 0 for this one alone."
    ),
]
# Each takes a core, and up to 90 MB.
_WORKERS = min(4, os.cpu_count() or 1)
Strict = Annotated[bool, typer.Option("--strict", help="Status 3 if some wait for their owners.")]
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
    """List what the inventory finds, and why a service is left out. Changes nothing."""
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
    """Compute every update, and say what it would do. Changes nothing."""
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
        Propose, typer.Option(help="As what updates arrive; without a forge, branch.")
    ] = Propose.PR,
    wave: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this wave; default: all in turn.")
    ] = None,
    draft: Annotated[
        Drafts | None, typer.Option(help="Which are drafts; default: as the inventory says.")
    ] = None,
    max_open: Annotated[
        int | None, typer.Option(min=1, help="Pull requests that may be open at a time.")
    ] = None,
    stop_at: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Begin no more if so many fail: 10%.")
    ] = None,
    workers: Workers = _WORKERS,
    strict: Strict = False,
) -> int:
    """Update all, as pull requests. The same command again goes on where it stopped."""
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
        Propose, typer.Option(help="As what updates arrive; without a forge, branch.")
    ] = Propose.PR,
    workers: Workers = _WORKERS,
    strict: Strict = False,
) -> int:
    """Try again what failed or was refused, and open again what its owner closed."""
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
    """Work for a coordinator on another machine, whose broker FLEET_REDIS_URL names."""
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
        bool, typer.Option("--drift", help="Look which files of the template people changed.")
    ] = False,
    json: Json = None,
) -> int:
    """Ask the forges: pull requests, checks, reviews; and how far behind services are."""
    common = Common(inventory, state, only or [], skip or [])
    return _run(commands.status(common, to, json, drift=drift))


@fleet.command()
def merge(
    *,
    green: Annotated[
        bool, typer.Option("--green", help="Those that nothing stands against.")
    ] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="And those that no check looks at.")
    ] = False,
    at_most: Annotated[int | None, typer.Option(min=1, help="How many.")] = None,
    inventory: Inventory = _INVENTORY,
    state: StateFolder = _STATE,
    only: Only = None,
    skip: Skip = None,
    to: To = None,
) -> int:
    """Merge pull requests whose checks pass, without conflicts and as the fleet has made them."""
    if not green:
        raise Problem("Only green pull requests are merged: say `fleet merge --green`.")
    common = Common(inventory, state, only or [], skip or [])
    return _run(commands.merge(common, to, unchecked=unchecked, at_most=at_most))


@fleet.command()
def close(
    *,
    superseded: Annotated[
        bool, typer.Option("--superseded", help="Those of other releases, and not of this one.")
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
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as JUnit.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a page.")] = None,
) -> int:
    """Say where the fleet stands, by what is remembered. Asks no forge."""
    common = Common(inventory, state, [], [])
    commands.report(common, to, {"json": json, "junit": junit, "html": html})
    return 0


def _run(doing: Coroutine[Any, Any, int]) -> int:
    """Run a command; of several problems at once, the first is said."""
    try:
        return asyncio.run(doing)
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from group
