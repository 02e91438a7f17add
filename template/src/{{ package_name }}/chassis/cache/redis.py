"""A cache in Redis, which all processes share.

It is never in the way: while Redis is away, everything is computed when it is asked for.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Self, TypeVar

from ..redis import RedisUnavailable, SharedRedis
from ..settings import ChassisSettings
from .flights import LEASE_SECONDS, Flights

T = TypeVar("T")

LOOK_SECONDS = 0.025

_CLAIM = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
    return ARGV[1]
end
return redis.call('GET', KEYS[1])
"""

_GIVE_UP_CLAIM = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
end
"""


class Cache:
    """What all processes of a release keep for a while.

    Args:
        redis: Where it is kept.
        settings: The release.
    """

    def __init__(self, redis: SharedRedis, settings: ChassisSettings) -> None:
        self._redis = redis
        # Another release may mean something else by the same key.
        self._prefix = f"cache:{settings.release}:"
        self._flights = Flights()

    @classmethod
    @asynccontextmanager
    async def open(cls, redis: SharedRedis, settings: ChassisSettings) -> AsyncIterator[Self]:
        """Use Redis as a cache, and give up at the end what is being computed for it.

        Args:
            redis: Where it is kept.
            settings: The release.
        """
        cache = cls(redis, settings)
        try:
            yield cache
        finally:
            await cache._flights.close()

    async def get(self, key: str) -> bytes | None:
        """Look up what is kept, or None."""
        return await self._try(lambda redis: redis.get(self._prefix + key), None)

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds."""
        milliseconds = max(1, round(seconds * 1000))
        await self._try(lambda redis: redis.set(self._prefix + key, value, px=milliseconds), None)

    async def delete(self, key: str) -> None:
        """Keep something no longer.

        Raises:
            RedisUnavailable: When Redis could not be told, and will give it again.
        """
        await self._redis.ask(lambda redis: redis.delete(self._prefix + key))

    async def clear(self) -> None:
        """Keep nothing of this release.

        Raises:
            RedisUnavailable: When Redis could not be told.
        """
        position = 0
        pattern = f"{self._prefix}*"
        while True:
            position, keys = await self._redis.ask(
                lambda redis, at=position: redis.scan(at, pattern, 1000)  # type: ignore[misc]
            )
            if keys:
                await self._redis.ask(lambda redis, found=keys: redis.unlink(*found))  # type: ignore[misc]
            if not position:
                return

    async def seconds_left(self, key: str) -> float | None:
        """How long something will be kept, or None if it is not."""
        left = await self._try(lambda redis: redis.pttl(self._prefix + key), -2)
        return left / 1000 if left > 0 else None

    async def get_or_make(
        self, key: str, seconds: float, make: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Look up what is kept, or make it and keep it.

        Args:
            key: Its key.
            seconds: How long it is kept.
            make: Makes it; called once for all who ask at the same time, in whatever process.
        """
        found = await self.get(key)
        if found is not None:
            return found
        return await self._flights.join(key, lambda: self._make(key, seconds, make))

    @asynccontextmanager
    async def lead(self, key: str) -> AsyncIterator[None]:
        """Make what is kept under a key until the context is left, or wait for who makes it.

        While Redis is away nobody waits, because there would be nothing to wait for.

        Args:
            key: Its key. Whoever is in the context looks it up, and makes it if it is not there.
        """
        async with AsyncExitStack() as held:
            if not self._redis.lost and await held.enter_async_context(self._flights.lead(key)):
                token = None
                with suppress(RedisUnavailable):
                    token = await self._claim(key)
                if token is None:
                    await held.aclose()
                else:
                    held.push_async_callback(self._give_up, key, token)
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
            # Whoever had the claim before may have finished between the look and the claim.
            found = await self.get(key)
            if found is not None:
                return found
            value = await make()
            await self.set(key, value, seconds)
            return value
        finally:
            if token is not None:
                await self._give_up(key, token)

    async def _claim(self, key: str) -> str | None:
        """Claim the making of something among all processes.

        Returns:
            What the claim is given up with; None when another process has made it, or has ended
            without and a third one was quicker.

        Raises:
            RedisUnavailable: When Redis does not answer.
        """
        token = secrets.token_hex(8)
        claim, milliseconds = f"{self._prefix}{key}:claim", round(LEASE_SECONDS * 1000)
        first = None
        while True:
            holder = await self._redis.ask(
                lambda redis: redis.eval(_CLAIM, 1, claim, token, milliseconds)
            )
            if holder == token.encode():
                return token
            first = first or holder
            if holder != first:
                return None
            await asyncio.sleep(LOOK_SECONDS)
            if await self._redis.ask(lambda redis: redis.exists(self._prefix + key)):
                return None

    async def _give_up(self, key: str, token: str) -> None:
        claim = f"{self._prefix}{key}:claim"
        await self._try(lambda redis: redis.eval(_GIVE_UP_CLAIM, 1, claim, token), None)

    async def _try(self, question: Callable[[Any], Awaitable[Any]], otherwise: T) -> Any | T:
        try:
            return await self._redis.ask(question)
        except RedisUnavailable:
            return otherwise
