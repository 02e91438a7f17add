"""User accounts: create, authenticate, change and deactivate."""

import re
import unicodedata
from collections.abc import Iterable
from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import IntegrityError

from ..db.engine import Database
from ..db.errors import is_conflict
from ..db.users import EMAIL_LENGTH, User, find_user
from .passwords import check_in_thread, hash_password, is_outdated, verify_password

EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
# Normalizing takes quadratic time on combining characters, so longer input is cut off beforehand.
# NFC joins at most four characters into one, so that cut input is still longer than EMAIL_LENGTH.
TYPED_LENGTH = 4 * EMAIL_LENGTH

# Categories of characters that are not visible.
_INVISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
# Scripts with letters that look alike.
_ALIKE = {"ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LATIN"}


class EmailRefused(ValueError):
    """An e-mail address is invalid; the message says why."""


class EmailTaken(Exception):
    """Another account has this e-mail address."""


def normalize_email(email: str) -> str:
    """Normalize an e-mail address, so that equal addresses compare equal.

    Args:
        email: The address as typed; only its first `TYPED_LENGTH` characters are used.
    """
    return unicodedata.normalize("NFC", email.strip()[:TYPED_LENGTH].lower())


def validate_email(email: str) -> str:
    """Validate an e-mail address, and return it normalized.

    Args:
        email: The address as typed.

    Raises:
        EmailRefused: If the address is invalid.
    """
    email = normalize_email(email)
    if len(email) > EMAIL_LENGTH or not EMAIL.fullmatch(email):
        raise EmailRefused("Invalid e-mail address.")
    return email


def refuse_deceiving(email: str) -> None:
    """Reject a new address that people can mistake for another one.

    Args:
        email: The normalized address.

    Raises:
        EmailRefused: If it has characters that are invisible or variants of others, or letters of
            several scripts in one word.
    """
    is_visible = all(unicodedata.category(character) not in _INVISIBLE for character in email)
    if (
        not is_visible
        or unicodedata.normalize("NFKC", email) != email
        or any(len(_scripts(word)) > 1 for word in re.split(r"[@.]", email))
    ):
        raise EmailRefused("Invalid e-mail address: it can be mistaken for another one.")


def _scripts(word: str) -> set[str]:
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
    return scripts & _ALIKE


async def create_user(
    database: Database, email: str, password: str, *, roles: Iterable[str] = ()
) -> User:
    """Create an account.

    Args:
        database: The database.
        email: E-mail address of the user.
        password: Password of the user.
        roles: Roles of the user.

    Raises:
        EmailRefused: If the address is invalid.
        EmailTaken: If another account has this address.
        PasswordRefused: If the password is not acceptable.
        ListUnavailable: If the list of breached passwords cannot be read.
    """
    email = validate_email(email)
    refuse_deceiving(email)
    await check_in_thread(password, email)
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


async def authenticate(database: Database, email: str, password: str) -> User | None:
    """Authenticate a user by password; unknown users take as long as known ones.

    Args:
        database: The database.
        email: E-mail address of the user, as typed.
        password: The password.

    Returns:
        The user, or None if no active user has this address and password.
    """
    try:
        normal = validate_email(email)
    except EmailRefused:
        user = None
    else:
        # Return the connection before the password is verified, which takes long.
        async with database.session() as session:
            user = await find_user(session, normal)
    right = await verify_password(password, user.password_hash if user else None)
    if user is None or not right or not user.is_active:
        return None
    if is_outdated(user.password_hash):
        await _store(database, user, password_hash=await hash_password(password))
    return user


async def change_password(database: Database, user: User, current: str, new: str) -> bool:
    """Change a user's password after verifying the current one; ends the user's logins.

    Args:
        database: The database.
        user: The user; updated in place.
        current: The current password.
        new: The new password.

    Returns:
        Whether `current` was right.

    Raises:
        PasswordRefused: If the new password is not acceptable.
        ListUnavailable: If the list of breached passwords cannot be read.
    """
    await check_in_thread(new, user.email)
    if not await verify_password(current, user.password_hash):
        return False
    hashed = await hash_password(new)
    if not await _store(database, user, password_hash=hashed, generation=user.generation + 1):
        return False
    user.password_hash = hashed
    user.generation += 1
    return True


async def set_password(database: Database, email: str, password: str) -> UUID | None:
    """Set a user's password without the current one; ends the user's logins.

    Args:
        database: The database.
        email: E-mail address of the user.
        password: The new password.

    Returns:
        Id of the user, or None if there is no such user.

    Raises:
        EmailRefused: If the address is invalid.
        PasswordRefused: If the password is not acceptable.
        ListUnavailable: If the list of breached passwords cannot be read.
    """
    email = validate_email(email)
    await check_in_thread(password, email)
    return await _change(database, email, password_hash=await hash_password(password))


async def set_active(database: Database, email: str, *, active: bool) -> UUID | None:
    """Activate or deactivate a user; ends the user's logins.

    Args:
        database: The database.
        email: E-mail address of the user.
        active: Whether the user may log in.

    Returns:
        Id of the user, or None if there is no such user.

    Raises:
        EmailRefused: If the address is invalid.
    """
    return await _change(database, validate_email(email), is_active=active)


async def _change(database: Database, email: str, **values: object) -> UUID | None:
    """Update a user and end all logins of the user."""
    async with database.session.begin() as session:
        user = await find_user(session, email)
        if user is None:
            return None
        await session.execute(
            update(User)
            .where(User.id == user.id)
            .values(generation=User.generation + 1, **values)
            .execution_options(synchronize_session=False)
        )
        return user.id


async def _store(database: Database, user: User, **values: object) -> bool:
    """Update a user unless it was changed since it was read."""
    unchanged = (
        (User.id == user.id)
        & (User.password_hash == user.password_hash)
        & (User.generation == user.generation)
    )
    async with database.session.begin() as session:
        result = await session.execute(update(User).where(unchanged).values(**values))
        return cast("CursorResult[tuple[()]]", result).rowcount == 1
