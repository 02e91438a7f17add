"""The coordinator, which updates every service once, and continues where it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import structlog
from packaging.version import Version

from ..template import Release
from . import proposals, waves
from .engine import Engine
from .find import TRIES, Found, task_for
from .fleet import Fleet
from .forges import Forge, ForgeError, Proposal
from .inventory import Draft
from .journal import Line
from .states import State
from .tasks import Mode, Outcome

Propose = Literal["pr", "branch", "commit"]
_LOG = structlog.get_logger()
_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Options of a run.

    Attributes:
        propose: How to deliver updates; None only computes them.
        max_open: Largest number of open pull requests of the release.
        stop_at: Share of failed services above which no more are started.
        again: Whether to open a new pull request after one was closed.
        draft: Which pull requests are drafts; None as in the inventory.
        delay: Shortest pause before a retry, in s.
    """

    propose: Propose | None
    max_open: int | None = None
    stop_at: float | None = None
    again: bool = False
    draft: Draft | None = None
    delay: float = 1.0


@dataclass(slots=True)
class Run:
    """One run over the services of a fleet.

    Args:
        fleet: The fleet.
        forges: Clients of its forges.
        release: The target release.
        engine: Runs the tasks.
        wish: Options of the run.
        seen: Called for every finished service.
    """

    fleet: Fleet
    forges: Mapping[int, Forge]
    release: Release
    engine: Engine
    wish: Wish
    seen: Callable[[str, State], None] = lambda key, state: None
    stopped: bool = False
    _failed: int = 0
    _most_failed: float = float("inf")
    _open: int = 0
    _opening: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _begun: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def over(self, services: Sequence[Found], everyone: Sequence[Found]) -> None:
        """Update services to the release, in the order of their waves.

        Args:
            services: The services.
            everyone: All services of the fleet, for the conditions of waves.
        """
        inventory, journal = self.fleet.inventory, self.fleet.journal
        services = sorted(services, key=lambda each: inventory.wave_of(each.name))
        waiting = []
        failed = 0
        # With --only, the conditions of waves only count the selected services.
        known = {each.key for each in everyone} if self.fleet.only else journal.services().keys()
        lines = [line for line in journal.lines(str(self.release.version)) if line.key in known]
        closed = waves.closed(inventory, everyone, lines)
        for found in services:
            if found.outcome.state is not State.FOUND:
                failed += found.outcome.state is State.FAILED
                self._write(found, found.outcome.state, found.outcome)
            elif self.wish.propose and (why := closed.get(found.key)):
                self._write(found, State.QUEUED, replace(found.outcome, why=why))
            else:
                waiting.append(found)
        if self.wish.stop_at is not None:
            self._most_failed = self.wish.stop_at * (len(waiting) + failed)
            self.stopped = self._failed > self._most_failed
        proposed = await self._earlier(waiting)
        self._open = sum(each.open is not None for each in proposed.values())
        async with asyncio.TaskGroup() as group:
            for found in waiting:
                if found.key not in proposed and self._proposes(found):
                    # The request failed, which is already in the journal.
                    continue
                await self._begun.acquire()
                group.create_task(self._process(found, proposed.get(found.key)))

    async def _earlier(self, services: Sequence[Found]) -> dict[str, proposals.Earlier]:
        """Earlier proposals, for services whose updates become pull requests."""
        known: dict[str, proposals.Earlier] = {}
        limit = asyncio.Semaphore(_AT_ONCE)

        async def ask(found: Found) -> None:
            assert found.repository is not None
            branch = self._branch(found)
            async with limit:
                try:
                    forge = self.forges[found.index]
                    known[found.key] = await proposals.earlier(forge, found.repository, branch)
                except ForgeError as error:
                    self._write(found, State.FAILED, _failed(found, error))

        async with asyncio.TaskGroup() as group:
            for found in services:
                if self._proposes(found):
                    group.create_task(ask(found))
        return known

    async def _process(self, found: Found, known: proposals.Earlier | None) -> None:
        try:
            if self.stopped:
                why = f"Not started: {self._failed} services have failed (--stop-at)."
                self._write(found, State.QUEUED, replace(found.outcome, why=why))
                return
            if known and not self.wish.again and (standing := proposals.standing(known)):
                assert known.last is not None
                outcome = replace(found.outcome, why=standing[1])
                self._write(found, standing[0], outcome, known.last)
                return
            if known is None or known.open is not None or self.wish.max_open is None:
                await self._update(found, known)
            elif await self._has_place(self.wish.max_open):
                try:
                    await self._update(found, known)
                finally:
                    await self._leave_place(found)
            else:
                why = f"Not opened: {self._open} pull requests are open (--max-open)."
                self._write(found, State.QUEUED, replace(found.outcome, why=why))
        finally:
            self._begun.release()

    async def _has_place(self, most: int) -> bool:
        """Reserve one of the allowed open pull requests, as soon as their number is known."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._open >= most or self._open + self._opening < most
            )
            if self._open >= most:
                return False
            self._opening += 1
            return True

    async def _leave_place(self, found: Found) -> None:
        """Release the reservation if no pull request was opened."""
        line = self._line(found.key)
        async with self._changed:
            self._opening -= 1
            self._open += line is not None and line.state is State.PROPOSED
            self._changed.notify_all()

    async def _update(self, found: Found, known: proposals.Earlier | None) -> None:
        outcome = await self._work(found, known)
        if self.wish.propose == "commit" and outcome.state is State.CURRENT:
            # Pushed by a worker that was killed before it reported the result.
            outcome = replace(outcome, state=State.UPDATED, old=found.outcome.old)
        if known is not None and outcome.state in (State.PUSHED, State.THEIRS):
            await self._propose(found, outcome, known)
        else:
            self._write(found, outcome.state, outcome, known.open if known else None)

    async def _work(self, found: Found, known: proposals.Earlier | None) -> Outcome:
        """Run a service's task, with retries after temporary errors."""
        mode: Mode = self._mode(found)
        task = replace(
            task_for(found, self.fleet.inventory, self.release, mode),
            describe=known is not None and known.open is None,
        )
        for attempt in range(TRIES):
            outcome = await self.engine.do(task)
            if not outcome.transient or attempt == TRIES - 1 or self.stopped:
                break
            _LOG.warning("trying again", service=found.name, why=outcome.why)
            await asyncio.sleep(self.wish.delay * 2**attempt)
        return outcome

    async def _propose(self, found: Found, outcome: Outcome, known: proposals.Earlier) -> None:
        """Open or update the pull request of a branch."""
        assert found.repository is not None
        forge = self.forges[found.index]
        branch = self._branch(found)
        try:
            if outcome.state is State.THEIRS:
                await self._tell_owner(found, outcome, known)
                return
            proposal = await proposals.propose(
                forge, found, outcome, known, self.fleet.inventory, branch
            )
            self._write(found, State.PROPOSED, outcome, proposal)
            older = await proposals.supersede(
                forge, found.repository, outcome.older, str(self.release.version), proposal.url
            )
        except ForgeError as error:
            # The next run finds the branch, and goes on.
            self._write(found, State.FAILED, replace(outcome, why=str(error)), known.open)
            return
        for line in self.fleet.journal.history(found.key):
            if self.fleet.inventory.branch(Version(line.release), found.folder) in older:
                why = f"{self.release.version} is proposed."
                self.fleet.journal.write(line.key, line.release, State.SUPERSEDED, {"why": why})

    async def _tell_owner(self, found: Found, outcome: Outcome, known: proposals.Earlier) -> None:
        assert found.repository is not None
        line = self._line(found.key)
        self._write(found, State.THEIRS, outcome, known.open)
        if known.open is not None and not (line and line.about.get("told")):
            text = "This branch has commits by others, so the fleet no longer changes it."
            await self.forges[found.index].comment(found.repository, known.open, text)
            about = {"told": True}
            self.fleet.journal.write(found.key, str(self.release.version), State.THEIRS, about)

    def _write(
        self,
        found: Found,
        state: State,
        outcome: Outcome,
        proposal: Proposal | None = None,
    ) -> None:
        about = {**outcome.to_json(), "name": found.name, "kind": found.place.kind}
        if proposal is not None:
            line = self._line(found.key)
            before = line.about if line else {}
            about["proposal"] = proposals.journal_data(proposal)
            if (before.get("proposal") or {}).get("number") != proposal.number:
                about["opened"] = datetime.now(UTC).isoformat(timespec="seconds")
        self.fleet.journal.write(found.key, str(self.release.version), state, about)
        self.seen(found.key, state)
        if state is State.FAILED:
            self._failed += 1
            if self._failed > self._most_failed:
                self.stopped = True
        if found.outcome.state is not state:
            details = {"why": outcome.why, "url": proposal.url if proposal else ""}
            details = {name: text for name, text in details.items() if text}
            _LOG.info(state.value, service=found.name, **details)

    def _line(self, key: str) -> Line | None:
        return self.fleet.journal.line(key, str(self.release.version))

    def _proposes(self, found: Found) -> bool:
        return self.wish.propose == "pr" and found.place.is_forge

    def _mode(self, found: Found) -> Mode:
        if self.wish.propose is None:
            return "preview"
        return "commit" if self.wish.propose == "commit" else "branch"

    def _branch(self, found: Found) -> str:
        return self.fleet.inventory.branch(self.release.version, found.folder)


def _failed(found: Found, error: ForgeError) -> Outcome:
    return replace(found.outcome, state=State.FAILED, why=str(error), transient=error.transient)
