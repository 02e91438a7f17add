"""What processes share through Redis: small things, needed at once or not at all.

While Redis is away nobody waits for it: after a question that failed, none is asked for a moment,
and the loss and the return are each told once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .errors import BackingServiceUnavailable
from .settings import ChassisSettings

T = TypeVar("T")

ANSWER_SECONDS = 0.5
PAUSE_SECONDS = 1.0

# Counting and setting the end of the window are one step, so nothing slips in between.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {count, redis.call('PTTL', KEYS[1])}
"""

log = structlog.get_logger(__name__)


class RedisUnavailable(BackingServiceUnavailable):
    """Redis did not answer, or not a moment ago."""

    def __init__(self, cause: str) -> None:
        super().__init__("Redis", cause)


class SharedRedis:
    """The service's Redis, for small questions.

    Args:
        client: Connections to it.
    """

    def __init__(self, client: Redis) -> None:
        # redis-py types every command for its blocking and its async client at once.
        self._client: Any = client
        self._lost: str | None = None
        self._resting_until = 0.0

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: ChassisSettings) -> AsyncIterator[Self]:
        """Attach Redis without waiting for it.

        Args:
            settings: Its address.
        """
        client = Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_connect_timeout=ANSWER_SECONDS,
            # On one new connection when the old one broke off.
            retry=Retry(NoBackoff(), 1),
        )
        try:
            yield cls(client)
        finally:
            await client.aclose()

    @property
    def lost(self) -> bool:
        """Whether the last question had no answer."""
        return self._lost is not None

    async def check(self) -> None:
        """Ask for an answer; raises where there is none."""
        await self._client.ping()

    async def ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        """Ask a question of at most `ANSWER_SECONDS`.

        Args:
            question: Gets the client and returns the answer.

        Raises:
            RedisUnavailable: When there is no answer, or when there was none a moment ago.
        """
        if self._lost and time.monotonic() < self._resting_until:
            raise RedisUnavailable(self._lost)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await question(self._client)
        except (RedisError, TimeoutError) as error:
            cause = type(error).__name__
            if not self._lost:
                log.warning("redis lost", error=cause)
            self._lost = cause
            self._resting_until = time.monotonic() + PAUSE_SECONDS
            raise RedisUnavailable(cause) from error
        if self._lost:
            self._lost = None
            log.info("redis back")
        return answer

    async def count(self, key: str, seconds: int) -> tuple[int, int]:
        """Count one more in a window of time, which the first one begins.

        Args:
            key: What is counted.
            seconds: Length of the window.

        Returns:
            How many there are in this window, and in how many milliseconds it ends.

        Raises:
            RedisUnavailable: When there is no answer.
        """
        number, left = await self.ask(lambda redis: redis.eval(_COUNT, 1, key, seconds * 1000))
        return number, left
