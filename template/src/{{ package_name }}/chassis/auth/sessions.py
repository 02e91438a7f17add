"""Sessions in Redis, each stored under the hash of the client's secret."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from ..db.users import User
from ..runtime import Runtime

SECRET_BYTES = 32

AGENT_LENGTH = 200

# The second key is the set of the user's sessions, which may contain expired ones.
_BEGIN = """
local now = redis.call('TIME')[1]
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'generation', ARGV[2], 'ends', now + ARGV[4],
    'created', now, 'address', ARGV[5], 'agent', ARGV[6])
redis.call('EXPIRE', KEYS[1], math.min(ARGV[3], ARGV[4]))
redis.call('SADD', KEYS[2], KEYS[1])
redis.call('EXPIRE', KEYS[2], ARGV[4])
"""
# Each request extends the session, but not beyond the end that was set at login.
_FIND = """
local found = redis.call('HMGET', KEYS[1], 'user', 'generation', 'ends')
if found[1] then
    redis.call('EXPIREAT', KEYS[1], math.min(redis.call('TIME')[1] + ARGV[1], found[3]))
end
return found
"""

_END = """
local user = redis.call('HGET', KEYS[1], 'user')
redis.call('DEL', KEYS[1])
return user
"""

_LIST = """
local sessions = {}
for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do
    local found = redis.call('HMGET', key, 'generation', 'created', 'address', 'agent')
    if found[1] then
        table.insert(sessions, {key, found[1], found[2], found[3], found[4]})
    else
        redis.call('SREM', KEYS[1], key)
    end
end
return sessions
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A stored session."""

    user_id: UUID
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A session of a user, for the user.

    Attributes:
        id: Public id, which does not give access to the session.
        created_at: When the user logged in.
        address: Network address of the client at login.
        agent: User-Agent of the client at login.
    """

    id: str
    created_at: datetime
    address: str
    agent: str


async def begin_session(runtime: Runtime, user: User, *, address: str = "", agent: str = "") -> str:
    """Create a session.

    Args:
        runtime: The runtime.
        user: The user.
        address: Network address of the client.
        agent: User-Agent of the client.

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
        address,
        agent[:AGENT_LENGTH],
    )
    keys = (_key(secret), _index(user))
    await runtime.redis.execute(lambda redis: redis.eval(_BEGIN, 2, *keys, *arguments))
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


async def end_session(runtime: Runtime, secret: str) -> UUID | None:
    """End a session.

    Args:
        runtime: The runtime.
        secret: The secret that the client sent.

    Returns:
        Id of the session's user, or None if there was no session.
    """
    user_id = await runtime.redis.execute(lambda redis: redis.eval(_END, 1, _key(secret)))
    return UUID(user_id.decode()) if user_id else None


async def list_sessions(runtime: Runtime, user: User) -> list[ListedSession]:
    """List the sessions of a user, newest first.

    Sessions that began with a release before 1.7.0 of the template are not listed.

    Args:
        runtime: The runtime.
        user: The user.
    """
    found = await runtime.redis.execute(lambda redis: redis.eval(_LIST, 1, _index(user)))
    sessions = [
        ListedSession(
            id=_public_id(key.decode()),
            created_at=datetime.fromtimestamp(int(created), UTC),
            address=address.decode(),
            agent=agent.decode(),
        )
        for key, generation, created, address, agent in found
        if int(generation) == user.generation
    ]
    return sorted(sessions, key=lambda session: session.created_at, reverse=True)


async def end_listed_session(runtime: Runtime, user: User, session_id: str) -> bool:
    """End one session of a user.

    Args:
        runtime: The runtime.
        user: The user.
        session_id: Public id of the session.

    Returns:
        Whether there was such a session.
    """
    keys = await runtime.redis.execute(lambda redis: redis.smembers(_index(user)))
    ended = [key for key in keys if _public_id(key.decode()) == session_id]
    return bool(ended) and bool(await runtime.redis.execute(lambda redis: redis.delete(*ended)))


def public_id(secret: str) -> str:
    """Public id of a session.

    Args:
        secret: The secret that the client sent.
    """
    return _public_id(_key(secret))


def _public_id(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:32]


def _index(user: User) -> str:
    return f"sessions:{user.id}"


def _key(secret: str) -> str:
    # Only hashes are stored, so that reading Redis does not give access to sessions.
    return f"session:{sha256(secret.encode()).hexdigest()}"
