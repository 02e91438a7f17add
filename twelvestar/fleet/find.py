"""Finding services in all repositories of the inventory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path

import structlog

from ..errors import Problem
from ..git import Git, GitError
from ..places import address, shown
from ..template import Release
from .access import NO_SETTINGS
from .forges import Find, Forge, ForgeError, Repository
from .inventory import Inventory, Place, matches
from .states import LEFT_OUT, State
from .tasks import Mode, Outcome, Task
from .visible import visible
from .work import Worker

_AT_ONCE = 8
_FAILED = 4
TRIES = 8
"""Number of tries after temporary errors."""
_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A service and its state.

    Attributes:
        key: Its key in the journal.
        name: Its display name.
        place: Its forge in the inventory.
        index: Index of that forge.
        source: URL or path of its repository.
        folder: Its folder in the repository.
        repository: The forge's data about it.
        outcome: Its state.
    """

    key: str
    name: str
    place: Place
    index: int
    source: str
    folder: str = ""
    repository: Repository | None = None
    outcome: Outcome

    @property
    def branch(self) -> str:
        """The branch to update; empty for the default one."""
        return self.repository.branch if self.repository else ""


def task_for(found: Found, inventory: Inventory, release: Release, mode: Mode) -> Task:
    """Make the task for a service.

    Args:
        found: The service.
        inventory: The inventory.
        release: The target release.
        mode: The last step to do.
    """
    defaults = inventory.defaults
    return Task(
        key=found.key,
        kind=found.place.kind,
        user=found.place.user,
        token=found.place.token,
        source=found.source,
        branch=found.branch,
        folder=found.folder,
        release=str(release.version),
        commit=release.commit,
        sources=(inventory.template, *inventory.sources),
        proposal=inventory.branch(release.version, found.folder),
        naming=defaults.branch,
        author=defaults.author,
        mode=mode,
        megabytes=defaults.megabytes,
        seconds=defaults.seconds,
    )


async def find_services(
    inventory: Inventory,
    forges: Mapping[int, Forge],
    release: Release,
    worker: Worker,
    *,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    drift: bool = False,
    delay: float = 1.0,
) -> list[Found]:
    """Find all services and their states.

    Args:
        inventory: The inventory.
        forges: Clients of its forges, by index.
        release: The target release.
        worker: Reads repositories; thread-safe.
        only: Patterns of names; empty for all.
        skip: Patterns of names to leave out.
        drift: Whether to list template-owned files with local changes.
        delay: Shortest pause before an unreachable repository is retried, in s.

    Returns:
        The services, by name.

    Raises:
        Problem: When an entry of the inventory finds nothing, or cannot be queried.
    """
    # The update program of a release is not thread-safe.
    places = asyncio.Semaphore(1 if drift else _AT_ONCE)

    async def look(found: Found) -> list[Found]:
        if found.outcome.state is not State.FOUND:
            return [found]
        task = replace(task_for(found, inventory, release, "look"), drift=drift)
        whole = found.place.kind != "folder"
        async with places:
            there = await asyncio.to_thread(worker.look, task, whole=whole)
        return [_at(found, folder, outcome) for folder, outcome in there.items()]

    looks: dict[str, asyncio.Task[list[Found]]] = {}
    async with asyncio.TaskGroup() as group:
        for index, place in enumerate(inventory.forge):
            async for found in _repositories(inventory, place, index, forges.get(index)):
                named = (not only or matches(found.name, only)) and not matches(found.name, skip)
                if named and not matches(found.name, place.exclude) and found.key not in looks:
                    looks[found.key] = group.create_task(look(found))
    services = [found for look in looks.values() for found in look.result()]
    # Retry all together, so that there is only one pause for a host that is down.
    for attempt in range(TRIES - 1):
        missed = [each for each in services if each.outcome.transient]
        if not missed:
            break
        _LOG.warning("looking again", services=len(missed), why=missed[0].outcome.why)
        await asyncio.sleep(delay * 2**attempt)
        services = [each for each in services if not each.outcome.transient]
        async with asyncio.TaskGroup() as group:
            again = [group.create_task(look(_anew(each))) for each in missed]
        services += [found for task in again for found in task.result()]
    services = sorted(
        (_ruled(each, inventory, release) for each in services), key=lambda each: each.key
    )
    return list(_apart(services, inventory, release))


def _anew(found: Found) -> Found:
    return replace(found, outcome=Outcome(state=State.FOUND))


def _at(found: Found, folder: str, outcome: Outcome) -> Found:
    if not folder or folder == found.folder:
        return replace(found, outcome=outcome)
    return replace(
        found,
        key=f"{found.key}#{folder}",
        name=f"{found.name}#{folder}",
        folder=folder,
        outcome=outcome,
    )


def _ruled(found: Found, inventory: Inventory, release: Release) -> Found:
    """Apply the inventory's pins to a service."""
    if found.outcome.state in LEFT_OUT:
        return found
    rule = inventory.rule(found.name, release.version)
    if rule is None:
        return found
    until = f" until {rule.until:%Y-%m-%d}" if rule.until else ""
    why = f"The inventory allows only {rule.pin}{until}{': ' if rule.reason else ''}{rule.reason}."
    return replace(found, outcome=replace(found.outcome, state=State.PINNED, why=why))


def _apart(services: list[Found], inventory: Inventory, release: Release) -> Iterator[Found]:
    """Refuse services whose updates would have the same branch."""
    taken: dict[tuple[str, str], str] = {}
    for found in services:
        branch = inventory.branch(release.version, found.folder)
        other = taken.setdefault((found.source, branch), found.name)
        if other != found.name and found.outcome.state is State.FOUND:
            why = (
                f"Its branch {branch} would also be the branch of {other}: rename one of the "
                "folders."
            )
            yield replace(found, outcome=replace(found.outcome, state=State.REFUSED, why=why))
        else:
            yield found


async def _repositories(
    inventory: Inventory, place: Place, index: int, forge: Forge | None
) -> AsyncIterator[Found]:
    if place.kind == "folder":
        for found in _folders(inventory, place, index):
            yield found
    elif place.kind == "git":
        for source in place.repos:
            where = address(source)
            name = shown(source)
            yield _found(place, index, name, where)
    else:
        assert forge is not None
        for name in place.repos:
            yield await _named(place, index, name, forge, inventory)
        async for repository in _on_forge(place, forge):
            yield _of_forge(place, index, repository, inventory)


async def _named(place: Place, index: int, name: str, forge: Forge, inventory: Inventory) -> Found:
    try:
        return _of_forge(place, index, await forge.repository(name), inventory)
    except ForgeError as error:
        if error.transient:
            raise Problem(str(error), _FAILED) from error
        # A missing repository must not prevent the updates of others.
        outcome = Outcome(state=State.REFUSED, why=str(error))
        return replace(_found(place, index, name, name), outcome=outcome)


async def _on_forge(place: Place, forge: Forge) -> AsyncIterator[Repository]:
    try:
        for query in place.find:
            any_found = False
            asked = Find(org=query.org, user=query.user, topic=query.topic)
            async for repository in forge.find(asked):
                any_found = True
                yield repository
            if not any_found:
                criteria = ", ".join(f"{name} {text}" for name, text in query if text)
                raise Problem(f"{forge.url} has no repository with {criteria}: fix the inventory.")
    except ForgeError as error:
        raise Problem(str(error), _FAILED if error.transient else 1) from error


def _of_forge(place: Place, index: int, repository: Repository, inventory: Inventory) -> Found:
    found = _found(place, index, repository.name, repository.clone_url)
    found = replace(found, repository=repository)
    state, why = State.FOUND, ""
    most = inventory.defaults.megabytes
    if repository.archived:
        state = State.ARCHIVED
    elif not repository.branch:
        state, why = State.REFUSED, "It has no commit yet."
    elif not repository.may_push:
        name = place.token.partition(":")[2]
        state, why = State.REFUSED, f"The token in {name} may not push to it."
    elif (repository.size or 0) > most * 1000:
        state = State.REFUSED
        why = f"It has {(repository.size or 0) // 1000} MB, and the limit is {most} MB."
    return replace(found, outcome=Outcome(state=state, why=why))


def _found(place: Place, index: int, name: str, source: str, folder: str = "") -> Found:
    # The name of a folder may contain any characters.
    name = visible(name)
    host = place.url or place.kind
    key = name if place.kind in ("git", "folder") else f"{host.partition('://')[2] or host}/{name}"
    return Found(
        key=key,
        name=name,
        place=place,
        index=index,
        source=source,
        folder=folder,
        outcome=Outcome(state=State.FOUND),
    )


def _folders(inventory: Inventory, place: Place, index: int) -> list[Found]:
    services = []
    for pattern in place.glob:
        try:
            start = inventory.folder / Path(pattern).expanduser()
        except RuntimeError as error:
            raise Problem(
                f"The inventory's glob {pattern} names a user who does not exist here: fix it."
            ) from error
        # `Path.glob` does not accept absolute patterns.
        paths = sorted(path for path in map(Path, glob(str(start))) if path.is_dir())  # noqa: PTH207
        if not paths:
            raise Problem(f"The inventory's glob {pattern} matches no folder: fix it.")
        services += [_of_folder(place, index, path.resolve()) for path in paths]
    return services


def _of_folder(place: Place, index: int, path: Path) -> Found:
    try:
        git = Git(path, NO_SETTINGS)
        # One command each, because the path of a folder may have several lines.
        top = git.text("rev-parse", "--show-toplevel")
        prefix = git.text("rev-parse", "--show-prefix")
    except GitError:
        found = _found(place, index, str(path), str(path))
        why = "It is not in a git repository that belongs to you: run `git init` and commit."
        return replace(found, outcome=Outcome(state=State.REFUSED, why=why))
    return _found(place, index, str(path), top, prefix.strip("/"))
