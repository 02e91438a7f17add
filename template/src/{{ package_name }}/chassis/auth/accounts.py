"""Accounts: made, proved by a password, changed and closed."""

import re
import unicodedata
from collections.abc import Iterable
from typing import cast

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import IntegrityError

from ..db.engine import Database
from ..db.errors import is_conflict
from ..db.users import EMAIL_LENGTH, User, find_user
from .passwords import check_password, hash_password, is_outdated, verify_password

EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
# Normalizing takes quadratic time on combining characters, so what is longer is cut off beforehand.
# NFC makes one character of at most four, and "@" stays one: what was cut off is still too long.
TYPED_LENGTH = 4 * EMAIL_LENGTH


class EmailRefused(ValueError):
    """An e-mail address will not do; the message says why."""


class EmailTaken(Exception):
    """Another account has the e-mail address."""


def plain_email(email: str) -> str:
    """Write what somebody typed in the one way in which addresses are compared.

    Args:
        email: The address, or whatever it is; only its first `TYPED_LENGTH` characters count.
    """
    return unicodedata.normalize("NFC", email.strip()[:TYPED_LENGTH].lower())


def normal_email(email: str) -> str:
    """Write an e-mail address as it is stored.

    Args:
        email: The address, as somebody typed it.

    Raises:
        EmailRefused: If it is none.
    """
    email = plain_email(email)
    if len(email) > EMAIL_LENGTH or not EMAIL.fullmatch(email):
        raise EmailRefused("This is no e-mail address.")
    return email


async def create_user(
    database: Database, email: str, password: str, *, roles: Iterable[str] = ()
) -> User:
    """Make an account.

    Args:
        database: Where to store it.
        email: Address of the user.
        password: Password of the user.
        roles: What the user may do.

    Raises:
        EmailRefused: If the address is none.
        EmailTaken: If there is an account with this address.
        PasswordRefused: If the password will not do.
    """
    email = normal_email(email)
    check_password(password, email)
    hashed = await hash_password(password)
    user = User(email=email, password_hash=hashed, roles=sorted(set(roles)))
    try:
        async with database.session.begin() as session:
            session.add(user)
    except IntegrityError as error:
        if is_conflict(error):
            raise EmailTaken(email) from error
        raise
    return user


async def prove_user(database: Database, email: str, password: str) -> User | None:
    """Find the user who knows a password; it takes as long when there is none.

    Args:
        database: Where to look.
        email: Address of the user, as somebody typed it.
        password: The password.

    Returns:
        The user, or None if there is no active one with this address and password.
    """
    try:
        normal = normal_email(email)
    except EmailRefused:
        user = None
    else:
        # No connection is held while the password is verified.
        async with database.session() as session:
            user = await find_user(session, normal)
    right = await verify_password(password, user.password_hash if user else None)
    if user is None or not right or not user.is_active:
        return None
    if is_outdated(user.password_hash):
        await _store(database, user, password_hash=await hash_password(password))
    return user


async def change_password(database: Database, user: User, current: str, new: str) -> bool:
    """Give a user another password, which ends whatever was begun with the old one.

    Args:
        database: Where to store it.
        user: The user; what is stored is in it afterwards.
        current: The password so far.
        new: The password from now on.

    Returns:
        Whether `current` was the password.

    Raises:
        PasswordRefused: If the new password will not do.
    """
    check_password(new, user.email)
    if not await verify_password(current, user.password_hash):
        return False
    hashed = await hash_password(new)
    if not await _store(database, user, password_hash=hashed, generation=user.generation + 1):
        return False
    user.password_hash = hashed
    user.generation += 1
    return True


async def set_password(database: Database, email: str, password: str) -> bool:
    """Give a user another password without asking for the old one; ends all logins.

    Args:
        database: Where to store it.
        email: Address of the user.
        password: The password from now on.

    Returns:
        Whether there is such a user.

    Raises:
        EmailRefused: If the address is none.
        PasswordRefused: If the password will not do.
    """
    email = normal_email(email)
    check_password(password, email)
    return await _change(database, email, password_hash=await hash_password(password))


async def set_active(database: Database, email: str, *, active: bool) -> bool:
    """Let a user log in, or no longer: that ends all logins.

    Args:
        database: Where to store it.
        email: Address of the user.
        active: Whether the user may log in.

    Returns:
        Whether there is such a user.

    Raises:
        EmailRefused: If the address is none.
    """
    return await _change(database, normal_email(email), is_active=active)


async def _change(database: Database, email: str, **values: object) -> bool:
    """Change a user, and end all logins."""
    async with database.session.begin() as session:
        user = await find_user(session, email)
        if user is None:
            return False
        await session.execute(
            update(User)
            .where(User.id == user.id)
            .values(generation=User.generation + 1, **values)
            .execution_options(synchronize_session=False)
        )
    return True


async def _store(database: Database, user: User, **values: object) -> bool:
    """Change a user unless somebody else has done so since it was read."""
    unchanged = (
        (User.id == user.id)
        & (User.password_hash == user.password_hash)
        & (User.generation == user.generation)
    )
    async with database.session.begin() as session:
        result = await session.execute(update(User).where(unchanged).values(**values))
        return cast("CursorResult[tuple[()]]", result).rowcount == 1
