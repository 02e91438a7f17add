"""Rate limits and retries for forges."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits for requests to a forge.

    Attributes:
        pace: Seconds between the starts of two writes.
        reads: Largest number of concurrent reads.
        tries: Number of tries before a request fails.
        first_delay: Seconds before the second try; they double with each. With 8 tries and 5
            seconds, a forge that is down is retried for ten minutes.
        longest_delay: Longest pause in seconds, also if the forge asks for more.
        timeout: Time limit of a request in seconds.
    """

    pace: float = 0.0
    reads: int = 8
    tries: int = 8
    first_delay: float = 1.0
    longest_delay: float = 3660.0
    timeout: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A clock that tests can replace.

    Attributes:
        now: Seconds since the epoch.
        sleep: Waits for a number of seconds.
        chance: Random number from 0 to 1, so that retries do not happen at the same time.
    """

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)
    chance: Callable[[], float] = random.random


class Throttle:
    """Limits requests to a host: one write at a time, at its pace, and some concurrent reads.

    Forges of one host can share it. To coordinate with other machines, override `before_write`.

    Args:
        limits: Limits of the host.
        clock: The clock.
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
        """Hold a slot for reads."""
        async with self._reads:
            await self._turn(write=False)
            yield

    @asynccontextmanager
    async def write(self) -> AsyncIterator[None]:
        """Hold the slot for writes, after its pause."""
        async with self._write:
            await self._turn(write=True)
            await self.before_write()
            self._next = self.clock.now() + self.limits.pace
            yield

    async def before_write(self) -> None:
        """Wait for permission to write, holding the slot for writes."""

    def hold(self, seconds: float) -> None:
        """Send nothing to the host for some time, because it asked for that.

        Args:
            seconds: For how long.
        """
        seconds = min(seconds, self.limits.longest_delay)
        self._closed_until = max(self._closed_until, self.clock.now() + seconds)

    def delay(self, attempt: int) -> float:
        """Seconds before the next try, if the forge does not say.

        Args:
            attempt: Number of tries so far.
        """
        whole = self.limits.first_delay * 2.0 ** (attempt - 1)
        # Random delays are only longer, so that the total time of all tries is guaranteed.
        return min(whole * (1 + self.clock.chance() / 4), self.limits.longest_delay)

    async def _turn(self, *, write: bool) -> None:
        # The forge may have asked for a longer pause meanwhile.
        while True:
            moment = max(self._closed_until, self._next if write else 0.0)
            if (seconds := moment - self.clock.now()) <= 0:
                return
            await self.clock.sleep(seconds)
