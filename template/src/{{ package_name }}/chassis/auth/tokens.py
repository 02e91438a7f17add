"""Logins by tokens: a short-lived access token, and a refresh token that rotates with each use.

The access token is a JWT. The refresh token is random, and the database stores its hash. If a used
refresh token is sent again, it may have been stolen, so that its login ends.
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
from ..db.logins import Login
from ..db.users import User
from ..settings import ChassisSettings, keys_of

ALGORITHM = "HS256"
CLAIMS = ["aud", "exp", "iat", "iss", "sid", "sub"]
# Allowed clock difference between machines.
LEEWAY_SECONDS = 10
_INVALID = (jwt.PyJWTError, ValueError)
SECRET_BYTES = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of a login."""

    access: str
    refresh: str


async def begin_login(database: Database, settings: ChassisSettings, user: User) -> Tokens:
    """Create a login.

    Args:
        database: The database.
        settings: Keys and lifetimes.
        user: The user.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    now = utc_now()
    login = Login(
        user_id=user.id,
        generation=user.generation,
        secret_hash=_digest(secret),
        expires_at=now + timedelta(seconds=settings.refresh_token_seconds),
    )
    async with database.session.begin() as session:
        old = (Login.user_id == user.id) & (Login.expires_at <= now)
        await session.execute(delete(Login).where(old))
        session.add(login)
    return _tokens(settings, login, secret)


async def refresh_login(database: Database, settings: ChassisSettings, token: str) -> Tokens | None:
    """Exchange a refresh token for new tokens; a token that was used before ends its login.

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
    renewed = secrets.token_urlsafe(SECRET_BYTES)
    async with database.session.begin() as session:
        found = await _find(session, login_id)
        if found is None:
            return None
        login, user = found
        # Compare and swap in one statement, so that only one of two concurrent requests succeeds.
        unused = (Login.id == login_id) & (Login.secret_hash == _digest(secret))
        result = await session.execute(
            update(Login)
            .where(unused)
            .values(secret_hash=_digest(renewed))
            .execution_options(synchronize_session=False)
        )
        if cast("CursorResult[tuple[()]]", result).rowcount == 0:
            log.warning("refresh token used again", user=str(user.id))
            await session.execute(delete(Login).where(Login.id == login_id))
            return None
    return _tokens(settings, login, renewed)


async def end_login(database: Database, token: str) -> None:
    """End the login of a refresh token, if there is one.

    Args:
        database: The database.
        token: The refresh token.
    """
    login_id, secret = _parts(token)
    async with database.session.begin() as session:
        login = await session.get(Login, login_id) if login_id else None
        if login is not None and hmac.compare_digest(login.secret_hash, _digest(secret)):
            await session.delete(login)


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


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
