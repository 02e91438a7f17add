"""Links in mails: whoever has the secret of one can use it, once and for one purpose.

The database stores hashes of the secrets, so that reading it does not give access to accounts.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ..db.base import utc_now
from ..db.links import Link, VerifiedEmail
from ..db.users import User

SECRET_BYTES = 32
# How many expired links a new one deletes.
BATCH = 10


class Purpose(StrEnum):
    """What a link is for; a part of its address."""

    RESET = "reset-password"
    VERIFY_EMAIL = "verify-email"
    CREATE_ACCOUNT = "create-account"
    # A change of address is confirmed at the old address, and at the new one.
    LEAVE_EMAIL = "leave-email"
    CHANGE_EMAIL = "change-email"


class LinkRefused(Exception):
    """A link is unknown, was used, or has expired."""

    def __init__(self) -> None:
        super().__init__("This link is invalid, was used, or has expired: ask for a new one.")


async def issue(
    session: AsyncSession,
    purpose: Purpose,
    *,
    email: str,
    seconds: int,
    user: User | None = None,
    new_email: str | None = None,
    roles: Iterable[str] = (),
) -> str:
    """Create a link; it replaces others for the same purpose and address.

    Args:
        session: The database session.
        purpose: What the link is for.
        email: The normalized address of the user, or of the account to create.
        seconds: Lifetime of the link.
        user: The user; None for an account to create.
        new_email: The normalized address that a change of address leads to.
        roles: Roles of an account to create.

    Returns:
        The link's secret, which only the mail has.
    """
    now = utc_now()
    await session.execute(
        delete(Link).where(
            Link.purpose == purpose,
            Link.user_id == user.id if user else Link.user_id.is_(None) & (Link.email == email),
        )
    )
    # In the order of their ids, so that concurrent calls do not deadlock.
    expired = select(Link.id).where(Link.expires_at <= now).order_by(Link.id).limit(BATCH)
    for link_id in await session.scalars(expired):
        await session.execute(delete(Link).where(Link.id == link_id))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    session.add(
        Link(
            purpose=purpose,
            secret_hash=_digest(secret),
            user_id=user.id if user else None,
            email=email,
            generation=user.generation if user else 0,
            new_email=new_email,
            roles=sorted(set(roles)),
            expires_at=now + timedelta(seconds=seconds),
        )
    )
    return secret


async def find(session: AsyncSession, secret: str, *purposes: Purpose) -> Link:
    """Look up a link without using it.

    Args:
        session: The database session.
        secret: The secret that the client sent.
        purposes: What the link may be for.

    Raises:
        LinkRefused: If there is no such link, or it has been used or has expired.
    """
    link = await session.scalar(
        select(Link).where(
            Link.secret_hash == _digest(secret),
            Link.purpose.in_(purposes),
            Link.confirmed_at.is_(None),
            Link.expires_at > utc_now(),
        )
    )
    if link is None:
        raise LinkRefused
    return link


async def use(session: AsyncSession, link: Link) -> User | None:
    """Use a link in a transaction; concurrent transactions wait, and are refused.

    Args:
        session: The database session, in a transaction.
        link: The link.

    Returns:
        The link's user, locked until the commit; None if the link creates an account.

    Raises:
        LinkRefused: If it was used in the meantime, or its user has changed.
    """
    user = await lock(session, link.user_id) if link.user_id else None
    result = await session.execute(delete(Link).where(Link.id == link.id))
    if cast("CursorResult[tuple[()]]", result).rowcount != 1 or not is_current(link, user):
        raise LinkRefused
    return user


def is_current(link: Link, user: User | None) -> bool:
    """Whether a link's user is as when it was made.

    Args:
        link: The link.
        user: Its user as stored; None if there is none.
    """
    if user is None:
        return link.user_id is None
    return user.is_active and user.generation == link.generation and user.email == link.email


async def lock(session: AsyncSession, user_id: UUID) -> User | None:
    """Read a user, and lock it until the end of the transaction.

    Args:
        session: The database session, in a transaction.
        user_id: Id of the user.
    """
    return await session.get(User, user_id, with_for_update=True, populate_existing=True)


async def remember_verified(session: AsyncSession, user: User) -> None:
    """Store that a user receives mails at the user's address.

    Args:
        session: The database session, in a transaction that has locked the user.
        user: The user.
    """
    await session.merge(VerifiedEmail(user_id=user.id, email=user.email, verified_at=utc_now()))


async def is_verified(session: AsyncSession, user: User) -> bool:
    """Whether a user has proved to receive mails at the user's address.

    Args:
        session: The database session.
        user: The user.
    """
    verified = await session.get(VerifiedEmail, user.id)
    return verified is not None and verified.email == user.email


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
