"""Counters of login attempts in Redis; each expires with its time window."""

from ..runtime import Runtime

# An expired counter is not created again.
_UNCOUNT = """
if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('DECR', KEYS[1])
end
"""


async def count(runtime: Runtime, key: str, seconds: int) -> tuple[int, int]:
    """Increment a counter.

    Args:
        runtime: The runtime.
        key: Key of the counter.
        seconds: Length of the time window, which begins with the first attempt.

    Returns:
        Number of attempts in this window, and seconds until it ends.
    """
    number, milliseconds = await runtime.redis.count(f"attempts:{key}", seconds)
    return number, round(milliseconds / 1000)


async def uncount(runtime: Runtime, key: str) -> None:
    """Decrement a counter."""
    await runtime.redis.execute(lambda redis: redis.eval(_UNCOUNT, 1, f"attempts:{key}"))


async def forget(runtime: Runtime, key: str) -> None:
    """Delete a counter."""
    await runtime.redis.execute(lambda redis: redis.delete(f"attempts:{key}"))
