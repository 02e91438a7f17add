"""How fast a forge is asked, and how long one that fails is waited for."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a forge is asked at most, and how often.

    Attributes:
        pace: Seconds between the beginnings of two writes.
        reads: How many reads are under way at once.
        tries: How often the same is tried before it counts as failed.
        first_delay: Seconds before the second try; they double with each. With 8 tries and 5
            seconds, a forge that is down is waited for during ten minutes.
        longest_delay: The longest wait in seconds, also when the forge asks for more.
        timeout: Seconds within which a forge has to answer.
    """

    pace: float = 0.0
    reads: int = 8
    tries: int = 8
    first_delay: float = 1.0
    longest_delay: float = 3660.0
    timeout: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time, so that tests need not wait.

    Attributes:
        now: Seconds since the epoch.
        sleep: Waits for so many seconds.
        chance: A number from 0 to 1, to keep many from coming back at the same moment.
    """

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)
    chance: Callable[[], float] = random.random


class Throttle:
    """Lets writes to a host through one by one, at its pace, and so many reads beside them.

    Forges of one host can share it. What needs to be agreed with other machines overrides
    `before_write`.

    Args:
        limits: What the host takes.
        clock: The time.
    """

    def __init__(self, limits: Limits, clock: Clock | None = None) -> None:
        self.limits = limits
        self.clock = clock or Clock()
        self._reads = asyncio.Semaphore(limits.reads)
        self._write = asyncio.Lock()
        self._next = 0.0
        self._closed_until = 0.0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        """Hold one of the places for reads."""
        async with self._reads:
            await self._turn(write=False)
            yield

    @asynccontextmanager
    async def write(self) -> AsyncIterator[None]:
        """Hold the place for writes, when it is time."""
        async with self._write:
            await self._turn(write=True)
            await self.before_write()
            self._next = self.clock.now() + self.limits.pace
            yield

    async def before_write(self) -> None:
        """Wait for leave to write, with the place for writes held."""

    def hold(self, seconds: float) -> None:
        """Send nothing to the host for a while, because it asked for that.

        Args:
            seconds: For how long.
        """
        seconds = min(seconds, self.limits.longest_delay)
        self._closed_until = max(self._closed_until, self.clock.now() + seconds)

    def delay(self, attempt: int) -> float:
        """Seconds to wait before another try, where the forge does not say it.

        Args:
            attempt: How many tries there were.
        """
        whole = self.limits.first_delay * 2.0 ** (attempt - 1)
        # At least the delay itself, so that the tries together last as long as they should.
        return min(whole * (1 + self.clock.chance() / 4), self.limits.longest_delay)

    async def _turn(self, *, write: bool) -> None:
        # The forge may have asked for more patience meanwhile.
        while True:
            moment = max(self._closed_until, self._next if write else 0.0)
            if (seconds := moment - self.clock.now()) <= 0:
                return
            await self.clock.sleep(seconds)
