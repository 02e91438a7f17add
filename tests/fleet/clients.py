"""Clients of the stand-in, with a clock that does not wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from tests.fleet.standin import Standin
from twelvestar.fleet.forges import Clock, Forge, Limits, Throttle, make_forge

T = TypeVar("T")

VARIABLE = "FLEET_TEST_TOKEN"


class Waits:
    """A clock that advances instead of waiting.

    Attributes:
        slept: The requested waits, in seconds.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Advance the clock.

        Args:
            seconds: By how many seconds.
        """
        self.slept.append(seconds)
        self._ahead += seconds
        await asyncio.sleep(0)

    def clock(self) -> Clock:
        """The clock, without random delays."""
        return Clock(now=self.now, sleep=self.sleep, chance=lambda: 0.0)


class Use:
    """Runs a function with a client of a kind of forge.

    Args:
        forge: The stand-in.
        kind: The kind of forge.
        limits: Rate limits of the client.
        clock: The clock; by default, one that does not wait.
    """

    def __init__(
        self,
        forge: Standin,
        kind: str,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.forge = forge
        self.kind = kind
        self.waits = Waits()
        self._limits = limits or Limits()
        self._clock = clock or self.waits.clock()

    def __call__(self, act: Callable[[Forge], Awaitable[T]]) -> T:
        """Run a function with a new client.

        Args:
            act: The function.
        """

        async def run() -> T:
            async with self.client() as client:
                return await act(client)

        return asyncio.run(run())

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Forge]:
        """A new client, whose token is in a variable."""
        throttle = Throttle(self._limits, self._clock)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, self.forge.token)
            url = self.forge.url(self.kind)
            client = make_forge(self.kind, url, f"env:{VARIABLE}", throttle=throttle)
            try:
                yield client
            finally:
                await client.aclose()
