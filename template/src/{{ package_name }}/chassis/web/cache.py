"""Litestar's own cache of answers (`@get(cache=60)`), kept where the service's cache is."""

from datetime import timedelta

from litestar.stores.base import Store

from ..runtime import Runtime

# For routes that say "for ever": no deployment lasts longer.
FOREVER_SECONDS = 30 * 86_400.0


class ResponseStore(Store):
    """Where Litestar keeps answers.

    Args:
        runtime: The runtime, whose cache is used.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._cache = runtime.cache

    async def set(
        self, key: str, value: str | bytes, expires_in: int | timedelta | None = None
    ) -> None:
        """Keep an answer for so many seconds."""
        content = value.encode() if isinstance(value, str) else value
        await self._cache.set(_named(key), content, _seconds(expires_in))

    async def get(self, key: str, renew_for: int | timedelta | None = None) -> bytes | None:
        """Look an answer up, and keep it longer if asked to."""
        found = await self._cache.get(_named(key))
        if found is not None and renew_for is not None:
            await self._cache.set(_named(key), found, _seconds(renew_for))
        return found

    async def delete(self, key: str) -> None:
        """Keep an answer no longer."""
        await self._cache.delete(_named(key))

    async def delete_all(self) -> None:
        """Keep nothing, which includes the results of functions."""
        await self._cache.clear()

    async def exists(self, key: str) -> bool:
        """Whether an answer is kept."""
        return await self._cache.seconds_left(_named(key)) is not None

    async def expires_in(self, key: str) -> int | None:
        """How long an answer will be kept, in seconds."""
        left = await self._cache.seconds_left(_named(key))
        return None if left is None else round(left)


def _named(key: str) -> str:
    return f"response:{key}"


def _seconds(time: int | timedelta | None) -> float:
    if time is None:
        return FOREVER_SECONDS
    return time.total_seconds() if isinstance(time, timedelta) else float(time)
