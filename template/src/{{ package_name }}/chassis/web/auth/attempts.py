"""Authentication by password, with a limit for attempts."""

from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec
import structlog
from litestar.exceptions import NotAuthorizedException

from ...auth.accounts import authenticate
from ...auth.throttle import allow_again, attempt_login
from ...db.users import User
from ...runtime import Runtime
from ..connections import AnyRequest, client_address

# For responses that belong to one user.
NO_STORE = {"Cache-Control": "no-store"}

log = structlog.get_logger(__name__)


class Credentials(msgspec.Struct):
    """E-mail address and password of a login request."""

    email: str
    password: str


class LoginOut(msgspec.Struct):
    """A login in a response.

    `current` is true for the login of the request.
    """

    id: str
    created_at: datetime
    address: str | None
    agent: str | None
    current: bool


class UserOut(msgspec.Struct):
    """A user in a response."""

    id: UUID
    email: str
    roles: list[str]

    @classmethod
    def of(cls, user: User) -> Self:
        """Convert a stored user."""
        return cls(user.id, user.email, user.roles)


async def authenticate_request(
    request: AnyRequest, runtime: Runtime, credentials: Credentials, *, scheme: str
) -> User:
    """Authenticate a user by password, and count the attempt.

    Args:
        request: The request.
        runtime: The runtime.
        credentials: Credentials that the client sent.
        scheme: Authentication scheme, for the WWW-Authenticate header.

    Raises:
        NotAuthorizedException: Same error for unknown user, wrong password and inactive account.
        TooManyAttempts: If a limit is exceeded.
    """
    email, address = credentials.email, client_address(request)
    await attempt_login(runtime, email=email, address=address)
    user = await authenticate(runtime.database, email, credentials.password)
    if user is None:
        log.warning("login refused", client=address)
        raise NotAuthorizedException(
            "Unknown user or wrong password.",
            headers={"WWW-Authenticate": scheme},
        )
    await allow_again(runtime, email=email, address=address)
    log.info("logged in", user=str(user.id), client=address)
    return user
