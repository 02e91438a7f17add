"""Finding services: all repositories of the inventory, and what is in them."""

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
"""How often something is tried that may work later."""
_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A service, and where it stands.

    Attributes:
        key: What it is called in the journal.
        name: What people call it.
        place: Its place in the inventory.
        index: Number of that place.
        source: Address or path of its repository.
        folder: Its folder in there.
        repository: What the forge says of it.
        outcome: Where it stands.
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
        """The branch that is updated; empty for the default one."""
        return self.repository.branch if self.repository else ""


def task_for(found: Found, inventory: Inventory, release: Release, mode: Mode) -> Task:
    """What a worker is told of a service.

    Args:
        found: The service.
        inventory: The inventory.
        release: The release that it goes to.
        mode: How far to go.
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
    """Find all services, and look where they stand.

    Args:
        inventory: The inventory.
        forges: Clients of its forges, by their numbers.
        release: The release that they would go to.
        worker: Looks into repositories; for several threads.
        only: Patterns of names; without any, all.
        skip: Patterns of names that are left out.
        drift: Whether to look which files of the template were changed.
        delay: Shortest wait before those are looked at again that cannot be reached, in s.

    Returns:
        The services, by name.

    Raises:
        Problem: When a place finds nothing, or cannot be asked.
    """
    # The program of a release is in one thread at a time.
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
    # All together, so that a host that is down is waited for once.
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
    """Keep a service from a release if the inventory says so."""
    if found.outcome.state in LEFT_OUT:
        return found
    rule = inventory.rule(found.name, release.version)
    if rule is None:
        return found
    until = f" until {rule.until:%Y-%m-%d}" if rule.until else ""
    why = f"The inventory allows only {rule.pin}{until}{': ' if rule.reason else ''}{rule.reason}."
    return replace(found, outcome=replace(found.outcome, state=State.PINNED, why=why))


def _apart(services: list[Found], inventory: Inventory, release: Release) -> Iterator[Found]:
    """Refuse services whose updates would share a branch."""
    taken: dict[tuple[str, str], str] = {}
    for found in services:
        branch = inventory.branch(release.version, found.folder)
        other = taken.setdefault((found.source, branch), found.name)
        if other != found.name and found.outcome.state is State.FOUND:
            why = f"Its branch {branch} would be that of {other} too: rename one of the folders."
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
        # One that is gone keeps no other from its update.
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
                told = ", ".join(f"{name} {text}" for name, text in query if text)
                raise Problem(f"{forge.url} has no repository with {told}: mend the inventory.")
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
        why = f"It has {(repository.size or 0) // 1000} MB, and at most {most} MB are fetched."
    return replace(found, outcome=Outcome(state=state, why=why))


def _found(place: Place, index: int, name: str, source: str, folder: str = "") -> Found:
    # A folder may be called anything.
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
            raise Problem(f"The inventory's glob {pattern} is of nobody here: mend it.") from error
        # Absolute, with patterns anywhere in it, which a path's own method does not take.
        paths = sorted(path for path in map(Path, glob(str(start))) if path.is_dir())  # noqa: PTH207
        if not paths:
            raise Problem(f"The inventory's glob {pattern} finds no folder: mend it.")
        services += [_of_folder(place, index, path.resolve()) for path in paths]
    return services


def _of_folder(place: Place, index: int, path: Path) -> Found:
    try:
        git = Git(path, NO_SETTINGS)
        # One by one, because a folder's name may have several lines.
        top = git.text("rev-parse", "--show-toplevel")
        prefix = git.text("rev-parse", "--show-prefix")
    except GitError:
        found = _found(place, index, str(path), str(path))
        why = "It is in no git repository that belongs to you: run `git init` and commit."
        return replace(found, outcome=Outcome(state=State.REFUSED, why=why))
    return _found(place, index, str(path), top, prefix.strip("/"))
