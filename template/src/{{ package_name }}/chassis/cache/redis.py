"""Cache in Redis, shared by all processes.

While Redis is unavailable, every value is computed on request.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Self, TypeVar

from ..redis import RedisUnavailable, SharedRedis
from ..settings import ChassisSettings
from .single_flight import LEASE_SECONDS, SingleFlight

T = TypeVar("T")

POLL_SECONDS = 0.025

_CLAIM = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
    return ARGV[1]
end
return redis.call('GET', KEYS[1])
"""

_RELEASE_CLAIM = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
end
"""


class Cache:
    """The cache of all processes of a release.

    Args:
        redis: The shared Redis client.
        settings: Settings with the release.
    """

    def __init__(self, redis: SharedRedis, settings: ChassisSettings) -> None:
        self._redis = redis
        # Another release may store something else under the same key.
        self._prefix = f"cache:{settings.release}:"
        self._flight = SingleFlight()

    @classmethod
    @asynccontextmanager
    async def open(cls, redis: SharedRedis, settings: ChassisSettings) -> AsyncIterator[Self]:
        """Open the cache; running computations are cancelled when the context ends.

        Args:
            redis: The shared Redis client.
            settings: Settings with the release.
        """
        cache = cls(redis, settings)
        try:
            yield cache
        finally:
            await cache._flight.close()

    async def get(self, key: str) -> bytes | None:
        """Look up a value; None if it is missing or Redis is unavailable."""
        return await self._try(lambda redis: redis.get(self._prefix + key), None)

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        """Cache a value for some seconds, if Redis is available."""
        milliseconds = max(1, round(seconds * 1000))
        await self._try(lambda redis: redis.set(self._prefix + key, value, px=milliseconds), None)

    async def delete(self, key: str) -> None:
        """Delete a cached value.

        Raises:
            RedisUnavailable: If Redis cannot be reached, so that the value stays cached.
        """
        await self._redis.execute(lambda redis: redis.delete(self._prefix + key))

    async def clear(self) -> None:
        """Delete all cached values of this release.

        Raises:
            RedisUnavailable: If Redis cannot be reached.
        """
        position = 0
        pattern = f"{self._prefix}*"
        while True:
            position, keys = await self._redis.execute(
                lambda redis, at=position: redis.scan(at, pattern, 1000)  # type: ignore[misc]
            )
            if keys:
                await self._redis.execute(lambda redis, found=keys: redis.unlink(*found))  # type: ignore[misc]
            if not position:
                return

    async def seconds_left(self, key: str) -> float | None:
        """Seconds until a value expires, or None if it is not cached."""
        left = await self._try(lambda redis: redis.pttl(self._prefix + key), -2)
        return left / 1000 if left > 0 else None

    async def get_or_make(
        self, key: str, seconds: float, make: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Return the cached value, or compute and cache it.

        Args:
            key: Key of the value.
            seconds: Time to live.
            make: Computes the value; called once for concurrent requests in all processes.
        """
        found = await self.get(key)
        if found is not None:
            return found
        return await self._flight.join(key, lambda: self._make(key, seconds, make))

    @asynccontextmanager
    async def lead(self, key: str) -> AsyncIterator[None]:
        """Become the leader who computes a value, or wait for the current leader to finish.

        While Redis is unavailable, there is no leader, and nobody waits.

        Args:
            key: Key of the value. Look it up inside the context, and compute it if it is missing.
        """
        async with AsyncExitStack() as held:
            if not self._redis.lost and await held.enter_async_context(self._flight.lead(key)):
                token = None
                with suppress(RedisUnavailable):
                    token = await self._claim(key)
                if token is None:
                    await held.aclose()
                else:
                    held.push_async_callback(self._release, key, token)
            yield

    async def _make(self, key: str, seconds: float, make: Callable[[], Awaitable[bytes]]) -> bytes:
        token = None
        with suppress(TimeoutError, RedisUnavailable):
            async with asyncio.timeout(LEASE_SECONDS):
                while (token := await self._claim(key)) is None:
                    found = await self.get(key)
                    if found is not None:
                        return found
        try:
            # The previous leader may have finished between the lookup and the claim.
            found = await self.get(key)
            if found is not None:
                return found
            value = await make()
            await self.set(key, value, seconds)
            return value
        finally:
            if token is not None:
                await self._release(key, token)

    async def _claim(self, key: str) -> str | None:
        """Become the leader for a key among all processes.

        Returns:
            A token to release the claim with; None if another process has computed the value, or if
            the leader has failed and another process has taken over.

        Raises:
            RedisUnavailable: If Redis cannot be reached.
        """
        token = secrets.token_hex(8)
        claim, milliseconds = f"{self._prefix}{key}:claim", round(LEASE_SECONDS * 1000)
        first = None
        while True:
            holder = await self._redis.execute(
                lambda redis: redis.eval(_CLAIM, 1, claim, token, milliseconds)
            )
            if holder == token.encode():
                return token
            first = first or holder
            if holder != first:
                return None
            await asyncio.sleep(POLL_SECONDS)
            if await self._redis.execute(lambda redis: redis.exists(self._prefix + key)):
                return None

    async def _release(self, key: str, token: str) -> None:
        claim = f"{self._prefix}{key}:claim"
        await self._try(lambda redis: redis.eval(_RELEASE_CLAIM, 1, claim, token), None)

    async def _try(self, command: Callable[[Any], Awaitable[Any]], default: T) -> Any | T:
        try:
            return await self._redis.execute(command)
        except RedisUnavailable:
            return default
