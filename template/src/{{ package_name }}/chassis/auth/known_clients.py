"""Programs and networks that users have logged in with before."""

from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from uuid import UUID

from sqlalchemy import delete, select

from ..db.base import utc_now
from ..db.engine import Database
from ..db.links import KnownClient
from .links import lock

KEEP_DAYS = 180
# Networks in which the address of a client often changes.
_PREFIX_LENGTHS = {4: 16, 6: 32}


async def is_new_client(database: Database, user_id: UUID, *, address: str, agent: str) -> bool:
    """Whether a user has logged in before, and never with this program from this network.

    Args:
        database: The database.
        user_id: Id of the user.
        address: Network address of the client.
        agent: User-Agent of the client.
    """
    query = select(KnownClient.client_hash).where(KnownClient.user_id == user_id)
    async with database.session() as session:
        known = set(await session.scalars(query))
    return bool(known) and _digest(address, agent) not in known


async def remember_client(database: Database, user_id: UUID, *, address: str, agent: str) -> None:
    """Store what a user logged in with, and forget what the user has not used for long.

    Args:
        database: The database.
        user_id: Id of the user.
        address: Network address of the client.
        agent: User-Agent of the client.
    """
    now = utc_now()
    old = (KnownClient.user_id == user_id) & (KnownClient.seen_at < now - timedelta(days=KEEP_DAYS))
    client = KnownClient(user_id=user_id, client_hash=_digest(address, agent), seen_at=now)
    async with database.session.begin() as session:
        # Locked, because another login may store the same client.
        if await lock(session, user_id):
            await session.execute(delete(KnownClient).where(old))
            await session.merge(client)


def _digest(address: str, agent: str) -> str:
    return sha256(f"{_network(address)} {agent}".encode()).hexdigest()


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, _PREFIX_LENGTHS[parsed.version]), strict=False))
