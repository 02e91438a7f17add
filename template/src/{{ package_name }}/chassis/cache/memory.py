"""In-memory cache, separate in each process."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Self

from ..settings import ChassisSettings
from .single_flight import SingleFlight


class Cache:
    """An LRU cache with expiry, in the memory of this process.

    Args:
        settings: Settings with the number of entries.
    """

    def __init__(self, settings: ChassisSettings) -> None:
        self._max_entries = settings.cache_max_entries
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._flight = SingleFlight()

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: ChassisSettings) -> AsyncIterator[Self]:
        """Create an empty cache; running computations are cancelled when the context ends.

        Args:
            settings: Settings with the number of entries.
        """
        cache = cls(settings)
        try:
            yield cache
        finally:
            await cache._flight.close()

    async def get(self, key: str) -> bytes | None:
        """Look up a value; None if it is missing or expired."""
        until, value = self._entries.get(key, (0.0, b""))
        if until <= time.monotonic():
            self._entries.pop(key, None)
            return None
        self._entries.move_to_end(key)
        return value

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        """Cache a value for some seconds; if the cache is full, evict the least recently used."""
        self._entries[key] = (time.monotonic() + seconds, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    async def delete(self, key: str) -> None:
        """Delete a cached value."""
        self._entries.pop(key, None)

    async def clear(self) -> None:
        """Delete all cached values."""
        self._entries.clear()

    async def seconds_left(self, key: str) -> float | None:
        """Seconds until a value expires, or None if it is not cached."""
        until, _ = self._entries.get(key, (0.0, b""))
        left = until - time.monotonic()
        return left if left > 0 else None

    async def get_or_make(
        self, key: str, seconds: float, make: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Return the cached value, or compute and cache it.

        Args:
            key: Key of the value.
            seconds: Time to live.
            make: Computes the value; called once for concurrent requests.
        """

        async def make_and_keep() -> bytes:
            value = await make()
            await self.set(key, value, seconds)
            return value

        found = await self.get(key)
        return found if found is not None else await self._flight.join(key, make_and_keep)

    def lead(self, key: str) -> AbstractAsyncContextManager[object]:
        """Become the leader who computes a value, or wait for the current leader to finish.

        Args:
            key: Key of the value. Look it up inside the context, and compute it if it is missing.
        """
        return self._flight.lead(key)
