"""The commands of the fleet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.version import Version

from ..errors import Problem
from ..template import Release
from . import bulk, logs
from . import status as now
from .engine import Engine, InProcess, Program
from .find import Found
from .fleet import Fleet, open_fleet
from .inventory import Inventory
from .journal import only_command
from .page import to_html
from .progress import progress
from .report import FleetReport, make_report
from .run import Run, Wish
from .settings import Settings, read_settings
from .states import FOR_OWNERS, State
from .work import Worker, worker

_CONFLICTS, _OWNERS, _FAILED, _STOPPED = 2, 3, 4, 5
_MATTER = ("preset", "processes", "database")
_FORMS: Mapping[str, Callable[[FleetReport], str]] = {
    "json": FleetReport.to_json,
    "junit": FleetReport.to_junit,
    "html": to_html,
}


@dataclass(frozen=True, slots=True)
class Common:
    """Options that all commands share.

    Attributes:
        inventory: The inventory's file.
        state: The state folder.
        only: Patterns of names; empty for all.
        skip: Patterns of names to leave out.
    """

    inventory: Path
    state: Path
    only: Sequence[str]
    skip: Sequence[str]

    @contextmanager
    def open(self, settings: Settings, *, offline: bool = False) -> Iterator[Fleet]:
        """Open the fleet for the duration of the context.

        Args:
            settings: Settings from the environment.
            offline: Whether to use an existing clone of the template without fetching.
        """
        logs.set_up(settings)
        fleet = open_fleet(
            self.inventory, self.state, settings, self.only, self.skip, offline=offline
        )
        with closing(fleet.journal):
            yield fleet


def share(text: str | None) -> float | None:
    """Parse a percentage.

    Args:
        text: Such as `10%`; None for none.

    Returns:
        A number from 0.

    Raises:
        Problem: When it is invalid.
    """
    if text is None:
        return None
    if (found := re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%", text)) is None:
        raise Problem(f"{text!r} is not a percentage: write, for example, --stop-at 10%.")
    return float(found[1]) / 100


async def find(common: Common, to: str | None, document: Path | None) -> int:
    """List the services that the inventory finds.

    Args:
        common: Options.
        to: The release; by default the newest.
        document: A file for the report as JSON.

    Returns:
        The exit status.
    """
    with common.open(read_settings()) as fleet:
        release = fleet.release(to)
        async with fleet.forges() as forges:
            with only_command(common.state):
                services = await fleet.find(forges, release, Worker(common.state, None))
                for found in services:
                    about = {
                        **found.outcome.to_json(),
                        "name": found.name,
                        "kind": found.place.kind,
                    }
                    line = fleet.journal.line(found.key, str(release.version))
                    if line is None or found.outcome.state is not State.FOUND:
                        fleet.journal.write(
                            found.key, str(release.version), found.outcome.state, about
                        )
        for row in _table(services):
            print(row)
        if document is not None:
            write(document, make(fleet, release).to_json())
        return _FAILED if any(each.outcome.state is State.FAILED for each in services) else 0


async def run(
    common: Common,
    to: str | None,
    asked: Wish,
    *,
    workers: int,
    strict: bool,
    wave: str | None = None,
    states: frozenset[State] | None = None,
) -> int:
    """Update all services to a release.

    Args:
        common: Options.
        to: The release; by default the newest.
        asked: Options of the run.
        workers: Number of worker processes; 0 computes in this one.
        strict: Whether services that wait for their owners affect the exit status.
        wave: The only wave to update; by default all, in order.
        states: Only services with these states in the journal.

    Returns:
        The exit status.
    """
    settings = read_settings()
    with common.open(settings) as fleet:
        release = fleet.release(to)
        program = fleet.program(release)
        asked = replace(asked, delay=settings.retry_delay)
        at = _wave(fleet.inventory, wave)
        with only_command(common.state):
            engines = _engine(common.state, program, workers, _url(settings))
            async with fleet.forges() as forges, engines as engine:
                services = await fleet.find(forges, release, Worker(common.state, None))
                chosen = [
                    each
                    for each in services
                    if (at is None or fleet.inventory.wave_of(each.name) == at)
                    and (states is None or _state(fleet, release, each) in states)
                ]
                with progress(len(chosen)) as shown:
                    proposing = fleet.with_drafts(asked.draft)
                    run = Run(proposing, forges, release, engine, asked, shown.seen)
                    await run.over(chosen, services)
            made = make(fleet, release)
        print(made.to_text())
        found = set(shown.states.values())
        if run.stopped:
            return _STOPPED
        if State.FAILED in found:
            return _FAILED
        if strict and FOR_OWNERS & found:
            return _OWNERS
        return _CONFLICTS if any(row.conflicts for row in made.rows) else 0


async def status(common: Common, to: str | None, document: Path | None, *, drift: bool) -> int:
    """Query the forges for the state of all services.

    Args:
        common: Options.
        to: The release; by default the newest.
        document: A file for the report as JSON.
        drift: Whether to list template-owned files with local changes.

    Returns:
        The exit status.
    """
    with common.open(read_settings()) as fleet:
        release = fleet.release(to)
        code = fleet.program(release).code if drift else None
        with (
            only_command(common.state),
            worker(common.state, code, fleet.template.folder) as looking,
        ):
            async with fleet.forges() as forges:
                services = await fleet.find(forges, release, looking, drift=drift)
                await now.look(fleet, forges, release, services)
            made = make(fleet, release)
        print(made.to_text())
        print(made.versions_text())
        if document is not None:
            write(document, made.to_json())
        return _FAILED if made.counts.get(State.FAILED) else 0


async def merge(common: Common, to: str | None, *, unchecked: bool, at_most: int | None) -> int:
    """Merge pull requests whose checks pass.

    Args:
        common: Options.
        to: The release; by default the newest.
        unchecked: Whether to merge pull requests without checks.
        at_most: The largest number to merge.

    Returns:
        The exit status.
    """
    with common.open(read_settings()) as fleet:
        release = fleet.release(to)
        with only_command(common.state):
            async with fleet.forges() as forges:
                looking = Worker(common.state, None)
                services = await fleet.find(forges, release, looking)
                states = await bulk.merge(
                    fleet, forges, release, services, looking, unchecked=unchecked, at_most=at_most
                )
        return _print_counts(states)


async def close(common: Common, to: str | None, *, superseded: bool) -> int:
    """Close pull requests.

    Args:
        common: Options.
        to: The release; by default the newest.
        superseded: Whether to close those of other releases instead of this one.

    Returns:
        The exit status.
    """
    with common.open(read_settings()) as fleet:
        release = fleet.release(to)
        with only_command(common.state):
            async with fleet.forges() as forges:
                looking = Worker(common.state, None)
                services = await fleet.find(forges, release, looking)
                states = await bulk.close(
                    fleet, forges, release, services, looking, superseded=superseded
                )
        return _print_counts(states)


async def work(common: Common, workers: int) -> int:
    """Run tasks of a coordinator on another machine, until interrupted.

    Args:
        common: Options.
        workers: Processes.

    Raises:
        Problem: When FLEET_REDIS_URL is not set.
    """
    from .crew import Crew

    settings = read_settings()
    url = _url(settings)
    if url is None:
        raise Problem("FLEET_REDIS_URL is not set: set it to the coordinator's broker.")
    with common.open(settings) as fleet:
        with only_command(common.state):
            await Crew(fleet, url, max(workers, 1)).work()
        return 0


def report(common: Common, to: str | None, documents: Mapping[str, Path | None]) -> None:
    """Write the report from the journal.

    Args:
        common: Options.
        to: The release; by default the newest in the journal.
        documents: Files for the report in other formats, by format.

    Raises:
        Problem: When a file cannot be written.
    """
    with common.open(read_settings(), offline=True) as fleet:
        known = fleet.journal.releases()
        about = max(known, key=Version) if known and to is None else to
        made = make(fleet, fleet.release(about))
        for form, path in documents.items():
            if path is not None:
                write(path, _FORMS[form](made))
        print(made.to_text())


def make(fleet: Fleet, release: Release) -> FleetReport:
    """Make the report.

    Args:
        fleet: The fleet.
        release: The release.
    """
    template = fleet.template
    return make_report(fleet.journal, fleet.inventory, template.place, template.releases, release)


def write(path: Path, text: str) -> None:
    """Write a file atomically.

    Args:
        path: The file.
        text: Its contents.

    Raises:
        Problem: When it cannot be written.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8", errors="backslashreplace")
        new.replace(path)
    except OSError as error:
        raise Problem(f"{path} cannot be written ({error.strerror}): use another file.") from error


def _table(services: Sequence[Found]) -> list[str]:
    rows = [("SERVICE", "RELEASE", "STATE", "ANSWERS", "WHY")]
    for found in services:
        outcome = found.outcome
        answers = [str(outcome.answers[name]) for name in _MATTER if name in outcome.answers]
        rows.append((found.name, outcome.old, outcome.state, " ".join(answers), outcome.why))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join(
            [*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[4]]
        ).rstrip()
        for row in rows
    ]


def _print_counts(states: Mapping[str, State]) -> int:
    counts = Counter(states.values())
    texts = [f"{counts[state]} {state}" for state in State if counts[state]]
    print(", ".join(texts) or "No pull request matches.")
    return _FAILED if counts[State.FAILED] else 0


def _state(fleet: Fleet, release: Release, found: Found) -> State | None:
    line = fleet.journal.line(found.key, str(release.version))
    return line.state if line else None


def _wave(inventory: Inventory, name: str | None) -> int | None:
    if name is None:
        return None
    names = [each.name for each in inventory.wave]
    if name not in names:
        known = f"there are {', '.join(names)}" if names else "the inventory has none"
        raise Problem(f"There is no wave {name}: {known}.")
    return names.index(name)


def _url(settings: Settings) -> str | None:
    return settings.redis_url.get_secret_value() if settings.redis_url else None


def _engine(
    state: Path, program: Program, workers: int, url: str | None
) -> AbstractAsyncContextManager[Engine]:
    """Run workers for the duration of the context; without workers and broker, use this process."""
    if workers == 0 and url is None:
        return InProcess(state, program).running()
    from .workers import Workers

    return Workers(state, program, workers, url).running()
