"""Proof that users receive mails at their addresses."""

from ..db.engine import Database
from ..db.users import User
from ..runtime import Runtime
from .links import LinkRefused, Purpose, find, is_verified, issue, lock, remember_verified, use


async def issue_verification(runtime: Runtime, user: User) -> str | None:
    """Create a link to verify a user's address.

    Args:
        runtime: The runtime.
        user: The user.

    Returns:
        The link's secret, or None if the address is verified or the user has changed.
    """
    async with runtime.database.session.begin() as session:
        stored = await lock(session, user.id)
        if stored is None or stored.email != user.email or await is_verified(session, stored):
            return None
        return await issue(
            session,
            Purpose.VERIFY_EMAIL,
            email=stored.email,
            seconds=runtime.settings.email_link_seconds,
            user=stored,
        )


async def verify_email(database: Database, secret: str) -> User:
    """Mark the address of a link's user as verified.

    Args:
        database: The database.
        secret: The link's secret.

    Returns:
        The user.

    Raises:
        LinkRefused: If the link cannot be used.
    """
    async with database.session.begin() as session:
        user = await use(session, await find(session, secret, Purpose.VERIFY_EMAIL))
        if user is None:
            raise LinkRefused
        await remember_verified(session, user)
    return user
