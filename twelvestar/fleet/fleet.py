"""The setup that all commands of the fleet share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from ..errors import Problem
from ..template import Release, Template
from .access import Access, ignore_settings, user_of, write_askpass
from .engine import Program
from .find import Found, find_services
from .forges import PACES, Forge, ForgeError, Limits, make_forge, read_token, redact
from .inventory import Draft, Inventory, read_inventory
from .journal import Journal
from .settings import Settings
from .work import Worker

PROTOCOLS = frozenset({1})
"""Supported protocol versions of update programs."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The inventory, the template and the journal.

    Attributes:
        inventory: The inventory.
        state: The state folder.
        settings: Settings from the environment.
        template: A clone of the template.
        network: Environment variables for git when it fetches the template.
        journal: The journal.
        only: Patterns of names; empty for all.
        skip: Patterns of names to leave out.
    """

    inventory: Inventory
    state: Path
    settings: Settings
    template: Template
    network: Mapping[str, str]
    journal: Journal
    only: tuple[str, ...]
    skip: tuple[str, ...]

    def with_drafts(self, draft: Draft | None) -> Self:
        """Copy it with another choice of drafts.

        Args:
            draft: Which pull requests are drafts; None to leave the choice.
        """
        if draft is None:
            return self
        defaults = self.inventory.defaults.model_copy(update={"draft": draft})
        return replace(self, inventory=self.inventory.model_copy(update={"defaults": defaults}))

    def refreshed(self) -> Template:
        """Fetch the template again."""
        return Template(self.inventory.template, self.template.folder, self.network)

    def release(self, name: str | None) -> Release:
        """Find a release of the template.

        Args:
            name: Its version; by default the newest.

        Raises:
            Problem: When there is none.
        """
        return self.template.release(name)

    def program(self, release: Release) -> Program:
        """Export the program of a release.

        Args:
            release: The release.

        Raises:
            Problem: When this command does not support its protocol.
        """
        protocol = self.template.protocol(release)
        if protocol is None:
            raise Problem(
                f"Release {release.version} does not support the fleet: use 1.6.0 or a later one."
            )
        if protocol not in PROTOCOLS:
            raise Problem(
                f"Release {release.version} uses protocol {protocol}, which this command does "
                "not support: upgrade twelvestar."
            )
        code = self.state.absolute() / "code" / release.commit
        return Program(self.template, release, self.template.export(release.commit, code))

    @asynccontextmanager
    async def forges(self, *, needed: bool = True) -> AsyncIterator[dict[int, Forge]]:
        """Make clients for the forges of the inventory, and check their tokens.

        Args:
            needed: Whether they are needed at all.

        Raises:
            Problem: When a token is missing or expired, or lacks permissions.
        """
        async with AsyncExitStack() as stack:
            found: dict[int, Forge] = {}
            for place in self.inventory.forge if needed else ():
                if place.token:
                    _token(place.token)
            for index, place in enumerate(self.inventory.forge if needed else ()):
                if not place.is_forge:
                    continue
                try:
                    pace = PACES[place.kind] if place.pace is None else place.pace
                    limits = Limits(pace=pace, first_delay=self.settings.retry_delay)
                    forge = make_forge(place.kind, place.url, place.token, limits=limits)
                    stack.push_async_callback(forge.aclose)
                    await forge.check_token()
                except ForgeError as error:
                    raise Problem(str(error), 4 if error.transient else 1) from error
                found[index] = forge
            yield found

    async def find(
        self, forges: dict[int, Forge], release: Release, worker: Worker, *, drift: bool = False
    ) -> list[Found]:
        """Find all services.

        Args:
            forges: Clients of the forges.
            release: The target release.
            worker: Reads repositories.
            drift: Whether to list template-owned files with local changes.

        Raises:
            Problem: When an entry of the inventory finds nothing, or cannot be queried.
        """
        found = await find_services(
            self.inventory,
            forges,
            release,
            worker,
            only=self.only,
            skip=self.skip,
            drift=drift,
            delay=self.settings.retry_delay,
        )
        if not found:
            raise Problem("No service of the inventory matches these patterns: fix one of them.")
        if not (self.only or self.skip):
            about = {
                each.key: {"name": each.name, "kind": each.place.kind, "folder": each.folder}
                for each in found
            }
            self.journal.found(about)
        return found


def open_fleet(
    inventory: Path,
    state: Path,
    settings: Settings,
    only: Sequence[str],
    skip: Sequence[str],
    *,
    offline: bool = False,
) -> Fleet:
    """Read the inventory, fetch the template, open the journal.

    Args:
        inventory: The inventory's file.
        state: The state folder.
        settings: Settings from the environment.
        only: Patterns of names; empty for all.
        skip: Patterns of names to leave out.
        offline: Whether to use an existing clone of the template without fetching.

    Raises:
        Problem: When one of these fails.
    """
    ignore_settings()
    read = read_inventory(inventory)
    make_state(state)
    token = _token(read.template_token) if read.template_token else ""
    network = Access(user_of("git"), token, write_askpass(state)).variables()
    try:
        clone = state.absolute() / "template.git"
        template = Template(read.template, clone, network, fetch=not offline)
    except Problem as problem:
        # The server is untrusted.
        raise Problem(redact(str(problem), [token]), problem.status) from problem
    return Fleet(
        inventory=read,
        state=state,
        settings=settings,
        template=template,
        network=network,
        journal=Journal(state / "journal.sqlite3"),
        only=tuple(only),
        skip=tuple(skip),
    )


def _token(spec: str) -> str:
    try:
        return read_token(spec)
    except ForgeError as error:
        raise Problem(str(error)) from error


def make_state(state: Path) -> None:
    """Make the state folder, with a .gitignore.

    Args:
        state: The folder.

    Raises:
        Problem: When it cannot be created.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        ignore = state / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        write_askpass(state)
    except OSError as error:
        raise Problem(
            f"The state folder {state} cannot be written ({error.strerror}): use another one "
            "with --state."
        ) from error
