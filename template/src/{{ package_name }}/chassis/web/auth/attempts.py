"""Passwords that clients send: so many attempts, and the same answer for whatever is wrong."""

from typing import Self
from uuid import UUID

import msgspec
import structlog
from litestar.exceptions import NotAuthorizedException

from ...auth.accounts import prove_user
from ...auth.throttle import allow_again, attempt_login
from ...db.users import User
from ...runtime import Runtime
from ..errors import AnyRequest

# No cache may keep what belongs to one user.
NO_STORE = {"Cache-Control": "no-store"}

log = structlog.get_logger(__name__)


class Credentials(msgspec.Struct):
    """What it takes to log in."""

    email: str
    password: str


class UserOut(msgspec.Struct):
    """A user, as it is shown."""

    id: UUID
    email: str
    roles: list[str]

    @classmethod
    def of(cls, user: User) -> Self:
        """Show a stored user."""
        return cls(user.id, user.email, user.roles)


def address_of(request: AnyRequest) -> str:
    """Address of the client, as far as TRUSTED_PROXIES lets it be known."""
    return request.client.host if request.client else ""


async def prove(
    request: AnyRequest, runtime: Runtime, credentials: Credentials, *, scheme: str
) -> User:
    """Find the user who knows a password.

    Args:
        request: The request.
        runtime: Where users are stored and attempts are counted.
        credentials: What the client sent.
        scheme: How clients log in, for those who could not.

    Raises:
        NotAuthorizedException: Whether there is no such user, or another password, or the user is
            not active.
        TooManyAttempts: If there were too many.
    """
    email, address = credentials.email, address_of(request)
    await attempt_login(runtime, email=email, address=address)
    user = await prove_user(runtime.database, email, credentials.password)
    if user is None:
        log.warning("login refused")
        raise NotAuthorizedException(
            "There is no such user, or the password is wrong.",
            headers={"WWW-Authenticate": scheme},
        )
    await allow_again(runtime, email=email, address=address)
    log.info("logged in", user=str(user.id))
    return user
