"""Sessions in Redis, each stored under the hash of the client's secret."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from ..db.users import User
from ..runtime import Runtime

SECRET_BYTES = 32

_BEGIN = """
local ends = redis.call('TIME')[1] + ARGV[4]
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'generation', ARGV[2], 'ends', ends)
redis.call('EXPIRE', KEYS[1], math.min(ARGV[3], ARGV[4]))
"""
# Each request extends the session, but not beyond the end that was set at login.
_FIND = """
local found = redis.call('HMGET', KEYS[1], 'user', 'generation', 'ends')
if found[1] then
    redis.call('EXPIREAT', KEYS[1], math.min(redis.call('TIME')[1] + ARGV[1], found[3]))
end
return found
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A stored session."""

    user_id: UUID
    generation: int


async def begin_session(runtime: Runtime, user: User) -> str:
    """Create a session.

    Args:
        runtime: The runtime.
        user: The user.

    Returns:
        The session's secret, for the client.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    settings = runtime.settings
    arguments = (
        str(user.id),
        user.generation,
        settings.session_idle_seconds,
        settings.session_seconds,
    )
    await runtime.redis.execute(lambda redis: redis.eval(_BEGIN, 1, _key(secret), *arguments))
    return secret


async def find_session(runtime: Runtime, secret: str) -> Session | None:
    """Look up a session and extend it.

    Args:
        runtime: The runtime.
        secret: The secret that the client sent.

    Returns:
        The session, or None if it has ended or never existed.
    """
    idle = runtime.settings.session_idle_seconds
    user_id, generation, _ = await runtime.redis.execute(
        lambda redis: redis.eval(_FIND, 1, _key(secret), idle)
    )
    if user_id is None:
        return None
    return Session(user_id=UUID(user_id.decode()), generation=int(generation))


async def end_session(runtime: Runtime, secret: str) -> None:
    """End a session.

    Args:
        runtime: The runtime.
        secret: The secret that the client sent.
    """
    await runtime.redis.execute(lambda redis: redis.delete(_key(secret)))


def _key(secret: str) -> str:
    # Only hashes are stored, so that reading Redis does not give access to sessions.
    return f"session:{sha256(secret.encode()).hexdigest()}"
