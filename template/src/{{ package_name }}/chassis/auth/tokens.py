"""Logins by tokens: a short-lived access token, and a refresh token that rotates with each use.

The access token is a JWT. The refresh token is random, and the database stores its hash.

A client can send a refresh token several times at once, or again if it has lost the response: for
REFRESH_REUSE_SECONDS it gets the same new token. After that, a used token may have been stolen, so
that its login ends. A token that was never issued ends nothing.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

import jwt
import structlog
from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ..db.base import utc_now
from ..db.engine import Database
from ..db.logins import AGENT_LENGTH, Login
from ..db.users import User
from ..settings import ChassisSettings, keys_of

ALGORITHM = "HS256"
CLAIMS = ["aud", "exp", "iat", "iss", "sid", "sub"]
# Allowed clock difference between machines.
LEEWAY_SECONDS = 10
# Claims and headers can have any type of JSON.
_INVALID = (jwt.PyJWTError, AttributeError, TypeError, ValueError)
SECRET_BYTES = 32
# Characters of a refresh token that prove that its login has issued it.
_TAG_LENGTH = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of a login."""

    access: str
    refresh: str


async def begin_login(
    database: Database,
    settings: ChassisSettings,
    user: User,
    *,
    address: str | None = None,
    agent: str | None = None,
) -> Tokens:
    """Create a login.

    Args:
        database: The database.
        settings: Keys and lifetimes.
        user: The user.
        address: Network address of the client.
        agent: User-Agent of the client.
    """
    family_key = secrets.token_hex(SECRET_BYTES)
    secret = _issued(family_key, secrets.token_urlsafe(SECRET_BYTES))
    now = utc_now()
    login = Login(
        user_id=user.id,
        generation=user.generation,
        secret_hash=_digest(secret),
        family_key=family_key,
        address=address,
        agent=agent[:AGENT_LENGTH] if agent else None,
        expires_at=now + timedelta(seconds=settings.refresh_token_seconds),
    )
    async with database.session.begin() as session:
        old = (Login.user_id == user.id) & (Login.expires_at <= now)
        await session.execute(delete(Login).where(old))
        session.add(login)
    return _tokens(settings, login, secret)


async def refresh_login(database: Database, settings: ChassisSettings, token: str) -> Tokens | None:
    """Exchange a refresh token for new tokens.

    Args:
        database: The database.
        settings: Keys and lifetimes.
        token: The refresh token.

    Returns:
        The new tokens, or None if the token is invalid.
    """
    login_id, secret = _parts(token)
    if login_id is None:
        return None
    async with database.session.begin() as session:
        found = await _find(session, login_id)
        if found is None:
            return None
        login, user = found
        # A login of an earlier release gets its key now.
        family_key = login.family_key or secrets.token_hex(SECRET_BYTES)
        renewed = _next(family_key, secret)
        # Compare and swap in one statement, so that only one of two concurrent requests does it.
        unused = (Login.id == login_id) & (Login.secret_hash == _digest(secret))
        result = await session.execute(
            update(Login)
            .where(unused)
            .values(
                secret_hash=_digest(renewed),
                previous_hash=_digest(secret),
                rotated_at=utc_now(),
                family_key=family_key,
            )
            .execution_options(synchronize_session=False)
        )
        if cast("CursorResult[tuple[()]]", result).rowcount == 1:
            return _tokens(settings, login, renewed)
        # A lock, because some databases otherwise show the row as it was before.
        now = await session.get(Login, login_id, with_for_update=True, populate_existing=True)
        if now is None or now.family_key is None:
            return None
        renewed = _next(now.family_key, secret)
        if _is_repeated(settings, now, secret, renewed):
            return _tokens(settings, now, renewed)
        if _is_used(now, secret) or _is_issued(now.family_key, secret):
            log.warning("refresh token used again", user=str(user.id))
            await session.delete(now)
    return None


def _is_repeated(settings: ChassisSettings, login: Login, secret: str, renewed: str) -> bool:
    """Whether a token was exchanged a moment ago, and its successor has not been used."""
    if login.rotated_at is None:
        return False
    earliest = utc_now() - timedelta(seconds=settings.refresh_reuse_seconds)
    return (
        _is_used(login, secret)
        and hmac.compare_digest(login.secret_hash, _digest(renewed))
        and login.rotated_at >= earliest
    )


def _is_used(login: Login, secret: str) -> bool:
    """Whether it is the token before; one of an earlier release has no tag."""
    return login.previous_hash is not None and hmac.compare_digest(
        login.previous_hash, _digest(secret)
    )


async def end_login(database: Database, token: str) -> UUID | None:
    """End the login of a refresh token, if there is one.

    Args:
        database: The database.
        token: The refresh token.

    Returns:
        Id of the login's user, or None if there was no login.
    """
    login_id, secret = _parts(token)
    async with database.session.begin() as session:
        login = await session.get(Login, login_id) if login_id else None
        if login is None or not hmac.compare_digest(login.secret_hash, _digest(secret)):
            return None
        await session.delete(login)
        return login.user_id


async def keep_login(database: Database, login: Login, user: User) -> None:
    """Keep one login after a password change, and end the user's others.

    Args:
        database: The database.
        login: The login.
        user: Its user.
    """
    async with database.session.begin() as session:
        await session.execute(
            update(Login).where(Login.id == login.id).values(generation=user.generation)
        )
        others = (Login.user_id == user.id) & (Login.id != login.id)
        await session.execute(delete(Login).where(others))


async def list_logins(database: Database, user: User) -> list[Login]:
    """List the active logins of a user, newest first.

    Args:
        database: The database.
        user: The user.
    """
    query = (
        select(Login)
        .where(
            Login.user_id == user.id,
            Login.generation == user.generation,
            Login.expires_at > utc_now(),
        )
        .order_by(Login.created_at.desc())
    )
    async with database.session() as session:
        return list(await session.scalars(query))


async def end_listed_login(database: Database, user: User, login_id: str) -> bool:
    """End one login of a user.

    Args:
        database: The database.
        user: The user.
        login_id: Id of the login, as hexadecimal digits.

    Returns:
        Whether there was such a login.
    """
    try:
        which = (Login.id == UUID(login_id)) & (Login.user_id == user.id)
    except ValueError:
        return False
    async with database.session.begin() as session:
        result = await session.execute(delete(Login).where(which))
        return cast("CursorResult[tuple[()]]", result).rowcount == 1


async def find_login(
    database: Database, settings: ChassisSettings, token: str
) -> tuple[Login, User] | None:
    """Look up the login and user of an access token.

    Args:
        database: The database.
        settings: Keys, issuer and audience.
        token: The access token.

    Returns:
        The login and its user, or None if the token is not valid or the login has ended.
    """
    try:
        claims = _claims(settings, token)
        login_id, user_id = UUID(claims["sid"]), UUID(claims["sub"])
    except _INVALID:
        return None
    async with database.session() as session:
        found = await _find(session, login_id)
    return found if found and found[1].id == user_id else None


async def _find(session: AsyncSession, login_id: UUID) -> tuple[Login, User] | None:
    """Find an active login."""
    query = (
        select(Login, User)
        .join(User, User.id == Login.user_id)
        .where(
            Login.id == login_id,
            Login.expires_at > utc_now(),
            Login.generation == User.generation,
            User.is_active,
        )
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


def _tokens(settings: ChassisSettings, login: Login, secret: str) -> Tokens:
    now = utc_now()
    key = keys_of(settings.jwt_keys)[0]
    access = jwt.encode(
        {
            "iss": settings.jwt_issuer,
            "aud": settings.jwt_audience,
            "sub": str(login.user_id),
            "sid": str(login.id),
            "iat": now,
            "exp": now + timedelta(seconds=settings.access_token_seconds),
        },
        key,
        algorithm=ALGORITHM,
        headers={"kid": _name(key)},
    )
    return Tokens(access=access, refresh=f"{login.id.hex}.{secret}")


def _claims(settings: ChassisSettings, token: str) -> dict[str, Any]:
    keys = {_name(key): key for key in keys_of(settings.jwt_keys)}
    key = keys.get(jwt.get_unverified_header(token).get("kid", ""))
    if key is None:
        raise jwt.InvalidKeyError("unknown key id")
    return jwt.decode(
        token,
        key,
        algorithms=[ALGORITHM],
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        leeway=LEEWAY_SECONDS,
        options={"require": CLAIMS},
    )


def _name(key: str) -> str:
    """Public id of a key (`kid`)."""
    return sha256(b"kid " + key.encode()).hexdigest()[:16]


def _parts(token: str) -> tuple[UUID | None, str]:
    login_id, _, secret = token.partition(".")
    try:
        return UUID(login_id), secret
    except ValueError:
        return None, secret


def _next(family_key: str, secret: str) -> str:
    """The secret that replaces another one; nobody can compute it from the database alone."""
    return _issued(family_key, _mac(family_key, f"next {secret}"))


def _issued(family_key: str, secret: str) -> str:
    """Add the tag of a login to a secret."""
    return secret + _mac(family_key, f"tag {secret}")[:_TAG_LENGTH]


def _is_issued(family_key: str, secret: str) -> bool:
    expected = _issued(family_key, secret[:-_TAG_LENGTH])
    return hmac.compare_digest(expected.encode(), secret.encode())


def _mac(family_key: str, message: str) -> str:
    return hmac.new(family_key.encode(), message.encode(), sha256).hexdigest()


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
