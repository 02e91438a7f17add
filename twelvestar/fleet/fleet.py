"""What every command of the fleet begins with."""

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
"""Protocols of the program of an update that this command speaks."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The inventory, and where everything is.

    Attributes:
        inventory: The inventory.
        state: The state folder.
        settings: What the environment says.
        template: A clone of the template.
        network: Variables for git when it fetches the template.
        journal: What is remembered.
        only: Patterns of names; without any, all.
        skip: Patterns of names that are left out.
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
        """The same with other drafts.

        Args:
            draft: Which pull requests are drafts; None for those that are now.
        """
        if draft is None:
            return self
        defaults = self.inventory.defaults.model_copy(update={"draft": draft})
        return replace(self, inventory=self.inventory.model_copy(update={"defaults": defaults}))

    def refreshed(self) -> Template:
        """The template, with what was committed to it since."""
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
            Problem: When this command does not know how to talk to it.
        """
        protocol = self.template.protocol(release)
        if protocol is None:
            raise Problem(
                f"Release {release.version} came before the fleet: name 1.6.0 or a later one."
            )
        if protocol not in PROTOCOLS:
            raise Problem(
                f"Release {release.version} speaks protocol {protocol}, which this command does "
                "not know: install the newest twelvestar."
            )
        code = self.state.absolute() / "code" / release.commit
        return Program(self.template, release, self.template.export(release.commit, code))

    @asynccontextmanager
    async def forges(self, *, needed: bool = True) -> AsyncIterator[dict[int, Forge]]:
        """Clients of the forges of the inventory, whose tokens are good.

        Args:
            needed: Whether they are asked at all.

        Raises:
            Problem: When a token is missing, expired or too weak.
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
            release: The release that they would go to.
            worker: Looks into repositories.
            drift: Whether to look which files of the template were changed.

        Raises:
            Problem: When a place finds nothing, or cannot be asked.
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
            raise Problem("The inventory finds no service with these patterns: mend one of them.")
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
        settings: What the environment says.
        only: Patterns of names; without any, all.
        skip: Patterns of names that are left out.
        offline: Whether the template's clone, if there is one, suffices as it is.

    Raises:
        Problem: When one of them cannot be had.
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
        # A server may say anything.
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
    """Make the state folder, which git does not look at.

    Args:
        state: The folder.

    Raises:
        Problem: When it cannot be made.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        ignore = state / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        write_askpass(state)
    except OSError as error:
        raise Problem(
            f"The state folder {state} cannot be written ({error.strerror}): name another one with "
            "--state."
        ) from error
