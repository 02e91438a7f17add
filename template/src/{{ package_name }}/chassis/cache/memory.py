"""A cache in the memory of each process: nothing to run, and nothing shared."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Self

from ..settings import ChassisSettings
from .flights import Flights


class Cache:
    """What this process keeps for a while.

    Args:
        settings: How many results are kept.
    """

    def __init__(self, settings: ChassisSettings) -> None:
        self._most = settings.cache_max_entries
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._flights = Flights()

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: ChassisSettings) -> AsyncIterator[Self]:
        """Make an empty cache, and give up at the end what is being computed for it.

        Args:
            settings: How many results are kept.
        """
        cache = cls(settings)
        try:
            yield cache
        finally:
            await cache._flights.close()

    async def get(self, key: str) -> bytes | None:
        """Look up what is kept, or None."""
        until, value = self._kept.get(key, (0.0, b""))
        if until <= time.monotonic():
            self._kept.pop(key, None)
            return None
        self._kept.move_to_end(key)
        return value

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds, and drop what nobody has asked for longest."""
        self._kept[key] = (time.monotonic() + seconds, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    async def delete(self, key: str) -> None:
        """Keep something no longer."""
        self._kept.pop(key, None)

    async def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()

    async def seconds_left(self, key: str) -> float | None:
        """How long something will be kept, or None if it is not."""
        until, _ = self._kept.get(key, (0.0, b""))
        left = until - time.monotonic()
        return left if left > 0 else None

    async def get_or_make(
        self, key: str, seconds: float, make: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Look up what is kept, or make it and keep it.

        Args:
            key: Its key.
            seconds: How long it is kept.
            make: Makes it; called once for all who ask at the same time.
        """

        async def make_and_keep() -> bytes:
            value = await make()
            await self.set(key, value, seconds)
            return value

        found = await self.get(key)
        return found if found is not None else await self._flights.join(key, make_and_keep)

    def lead(self, key: str) -> AbstractAsyncContextManager[object]:
        """Make what is kept under a key until the context is left, or wait for who makes it.

        Args:
            key: Its key. Whoever is in the context looks it up, and makes it if it is not there.
        """
        return self._flights.lead(key)
