"""Workers on another machine: they wait for a coordinator, and do its tasks."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis.asyncio
import structlog

from ..errors import Problem
from .fleet import Fleet
from .lease import lease_key
from .process import Orders
from .workers import Processes

_LOG = structlog.get_logger()
_POLL = 1.0


@dataclass(slots=True)
class Crew:
    """Workers that follow whoever coordinates.

    Args:
        fleet: The fleet: its template is the only code that is run.
        url: Address of the broker.
        count: How many workers there are.
    """

    fleet: Fleet
    url: str
    count: int
    _told: str = ""
    _processes: Processes | None = None

    async def work(self) -> None:
        """Work until it is interrupted."""
        broker: Any = redis.asyncio.from_url(self.url)
        key = lease_key(self.fleet.template.place)
        _LOG.info("waiting for a coordinator", workers=self.count)
        try:
            while True:
                with suppress(redis.RedisError, OSError):
                    told = await broker.get(key)
                    self._follow(told.decode() if told else "")
                if self._processes:
                    self._processes.look()
                await asyncio.sleep(_POLL)
        finally:
            self._stop()
            await broker.aclose()

    def _follow(self, told: str) -> None:
        if told == self._told:
            return
        self._stop()
        self._told = told
        if not told:
            _LOG.info("the coordinator has gone")
            return
        wanted = json.loads(told)
        release = self.fleet.refreshed().release(str(wanted["release"]))
        if release.commit != wanted["commit"]:
            raise Problem(
                f"The coordinator's release {release.version} is another commit than that of the "
                f"template at {self.fleet.template.place}: use the same inventory."
            )
        program = self.fleet.program(release)
        orders = Orders(
            broker=self.url,
            queue=str(wanted["queue"]),
            state=str(self.fleet.state.absolute()),
            template=str(program.template.folder),
            code=str(program.code),
            parent=str(os.getpid()),
        )
        self._processes = Processes(orders, self.count)
        _LOG.info("working", release=str(release.version))

    def _stop(self) -> None:
        if self._processes:
            self._processes.stop()
        self._processes = None
