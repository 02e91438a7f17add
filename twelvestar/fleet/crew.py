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
    """Workers for changing coordinators.

    Args:
        fleet: The fleet; only its template's code is executed.
        url: Address of the broker.
        count: Number of workers.
    """

    fleet: Fleet
    url: str
    count: int
    _lease: str = ""
    _processes: Processes | None = None

    async def work(self) -> None:
        """Work until it is interrupted."""
        broker: Any = redis.asyncio.from_url(self.url)
        key = lease_key(self.fleet.template.place)
        _LOG.info("waiting for a coordinator", workers=self.count)
        try:
            while True:
                with suppress(redis.RedisError, OSError):
                    lease = await broker.get(key)
                    self._follow(lease.decode() if lease else "")
                if self._processes:
                    self._processes.look()
                await asyncio.sleep(_POLL)
        finally:
            self._stop()
            await broker.aclose()

    def _follow(self, lease: str) -> None:
        if lease == self._lease:
            return
        self._stop()
        self._lease = lease
        if not lease:
            _LOG.info("the coordinator has stopped")
            return
        wanted = json.loads(lease)
        release = self.fleet.refreshed().release(str(wanted["release"]))
        if release.commit != wanted["commit"]:
            raise Problem(
                f"The coordinator's release {release.version} is not the same commit as in the "
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
