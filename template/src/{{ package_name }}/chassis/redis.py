"""Redis client for small data that processes share.

It fails fast: after a failed command, all commands fail for a second. Each outage is logged once
when it begins and once when it ends.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError

from .errors import BackingServiceUnavailable
from .outage import Outage
from .settings import ChassisSettings

T = TypeVar("T")

RESPONSE_SECONDS = 0.5
PAUSE_SECONDS = 1.0

# A script, so that incrementing and setting the expiry are atomic.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {count, redis.call('PTTL', KEYS[1])}
"""


class RedisUnavailable(BackingServiceUnavailable):
    """Redis cannot be reached."""

    def __init__(self, cause: str) -> None:
        super().__init__("Redis", cause)


class SharedRedis:
    """The service's Redis client, for fast commands.

    Args:
        client: Client of redis-py.
    """

    def __init__(self, client: Redis) -> None:
        # redis-py types every command for its sync and async client at once.
        self._client: Any = client
        self._outage = Outage("redis")
        self._resting_until = 0.0

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: ChassisSettings) -> AsyncIterator[Self]:
        """Open the client without connecting to Redis.

        Args:
            settings: Settings with the address.
        """
        client = Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_connect_timeout=RESPONSE_SECONDS,
            # Retry once, on a new connection, if the old one is broken.
            retry=Retry(NoBackoff(), 1),
            # After a failover, connections to the old server go on, and it refuses to write.
            retry_on_error=[ReadOnlyError],
        )
        try:
            yield cls(client)
        finally:
            await client.aclose()

    @property
    def lost(self) -> bool:
        """Whether the last command failed."""
        return self._outage.cause is not None

    async def check(self) -> None:
        """Ping Redis; raises if that fails."""
        await self._client.ping()

    async def execute(self, command: Callable[[Any], Awaitable[T]]) -> T:
        """Run a command, for at most `RESPONSE_SECONDS`.

        Args:
            command: Function that calls the client.

        Raises:
            RedisUnavailable: If the command fails, or one failed less than a second ago.
        """
        if self._outage.cause and time.monotonic() < self._resting_until:
            raise RedisUnavailable(self._outage.cause)
        try:
            async with asyncio.timeout(RESPONSE_SECONDS):
                response = await command(self._client)
        except (RedisError, TimeoutError) as error:
            cause = type(error).__name__
            self._outage.lost(cause)
            self._resting_until = time.monotonic() + PAUSE_SECONDS
            raise RedisUnavailable(cause) from error
        self._outage.back()
        return response

    async def count(self, key: str, seconds: int) -> tuple[int, int]:
        """Increment a counter that expires at the end of its time window.

        Args:
            key: Key of the counter.
            seconds: Length of the time window, which begins with the first call.

        Returns:
            The new count, and milliseconds until the window ends.

        Raises:
            RedisUnavailable: If Redis cannot be reached.
        """
        number, left = await self.execute(lambda redis: redis.eval(_COUNT, 1, key, seconds * 1000))
        return number, left
