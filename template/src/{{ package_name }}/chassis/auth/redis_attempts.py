"""Counts of attempts, kept in Redis until their window ends."""

from ..runtime import Runtime

# A count that has ended meanwhile does not begin anew.
_UNCOUNT = """
if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('DECR', KEYS[1])
end
"""


async def count(runtime: Runtime, key: str, seconds: int) -> tuple[int, int]:
    """Count one more.

    Args:
        runtime: Where Redis is.
        key: What is counted.
        seconds: Length of the window that the first one begins.

    Returns:
        How many there are in this window, and in how many seconds it ends.
    """
    number, milliseconds = await runtime.redis.count(f"attempts:{key}", seconds)
    return number, round(milliseconds / 1000)


async def uncount(runtime: Runtime, key: str) -> None:
    """Take one back."""
    await runtime.redis.ask(lambda redis: redis.eval(_UNCOUNT, 1, f"attempts:{key}"))


async def forget(runtime: Runtime, key: str) -> None:
    """Take all back."""
    await runtime.redis.ask(lambda redis: redis.delete(f"attempts:{key}"))
