"""Login with a session cookie, for browsers."""

from typing import TypeVar

import structlog
from litestar import Response, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import PermissionDeniedException
from litestar.openapi.spec import SecurityScheme
from litestar.params import JSONBody

from ...auth.sessions import (
    Session,
    begin_session,
    end_listed_session,
    end_session,
    find_session,
    list_sessions,
    public_id,
)
from ...db.users import User
from ...runtime import Runtime
from ...settings import ChassisSettings
from ..connections import AnyRequest, Connection, client_address, same_origin
from ..cors import allows_credentials
from .attempts import NO_STORE, Credentials, LoginOut, UserOut, authenticate_request

T = TypeVar("T")

SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}

SCHEME = SecurityScheme(
    type="apiKey",
    name="session",
    security_scheme_in="cookie",
    description="Cookie that a login sets; over HTTPS, its name is __Host-session.",
)

log = structlog.get_logger(__name__)


def challenge(connection: Connection) -> str:
    """Value of the WWW-Authenticate header."""
    return "Session"


async def find(connection: Connection) -> tuple[Session, User] | None:
    """Look up the session of a request, and its user.

    Args:
        connection: The request.

    Returns:
        Both, or None if the request is not authenticated.

    Raises:
        PermissionDeniedException: If the request comes from a page of another site.
    """
    runtime: Runtime = connection.app.state.runtime
    secret = _secret(connection)
    session = await find_session(runtime, secret) if secret else None
    if session is None:
        return None
    check_origin(connection)
    async with runtime.database.session() as database:
        user = await database.get(User, session.user_id)
    if user is None or not user.is_active or user.generation != session.generation:
        return None
    return session, user


def check_origin(connection: Connection) -> None:
    """Reject cross-site requests, to which browsers add the cookie (CSRF).

    Only browsers send the headers that this checks; other clients are not at risk.

    Args:
        connection: The request.

    Raises:
        PermissionDeniedException: If the method is unsafe, and the request comes from another site
            that CORS_ALLOW_CREDENTIALS does not allow.
    """
    if connection.scope.get("method") in SAFE:
        return
    if same_origin(connection.headers) is False and not allows_credentials(connection):
        raise PermissionDeniedException("This request comes from another site.")


@post("/login", status_code=200, summary="Log in", operation_id="log_in")
async def login(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[Credentials]
) -> Response[UserOut]:
    """Log in, and set a cookie with a new session."""
    check_origin(request)
    user = await authenticate_request(request, runtime, data, scheme=challenge(request))
    return await _begin(request, runtime, user, UserOut.of(user))


@post("/logout", status_code=204, summary="Log out", operation_id="log_out")
async def logout(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[None]:
    """End the session, which also invalidates copies of its cookie."""
    check_origin(request)
    secret = _secret(request)
    if secret and (user_id := await end_session(runtime, secret)):
        log.info("logged out", user=str(user_id), client=client_address(request))
    return Response(None, cookies=[_cookie(runtime.settings, "", seconds=0)], headers=NO_STORE)


async def renew(request: AnyRequest, runtime: Runtime, user: User) -> Response[None]:
    """Respond to a password change, which ends all sessions, with a new session.

    Args:
        request: The request.
        runtime: The runtime.
        user: The user.
    """
    return await _begin(request, runtime, user, None)


async def logins(request: AnyRequest, runtime: Runtime, user: User) -> list[LoginOut]:
    """List the sessions of a user.

    Args:
        request: The request.
        runtime: The runtime.
        user: The user.
    """
    own = public_id(_secret(request))
    return [
        LoginOut(each.id, each.created_at, each.address, each.agent, each.id == own)
        for each in await list_sessions(runtime, user)
    ]


async def end(runtime: Runtime, user: User, login_id: str) -> bool:
    """End one session of a user.

    Args:
        runtime: The runtime.
        user: The user.
        login_id: Public id of the session.

    Returns:
        Whether there was such a session.
    """
    return await end_listed_session(runtime, user, login_id)


async def _begin(request: AnyRequest, runtime: Runtime, user: User, content: T) -> Response[T]:
    if old := _secret(request):
        await end_session(runtime, old)
    secret = await begin_session(
        runtime,
        user,
        address=client_address(request),
        agent=request.headers.get("User-Agent", ""),
    )
    cookie = _cookie(runtime.settings, secret, seconds=runtime.settings.session_seconds)
    return Response(content, cookies=[cookie], headers=NO_STORE)


def _secret(connection: Connection) -> str:
    runtime: Runtime = connection.app.state.runtime
    return connection.cookies.get(_name(runtime.settings), "")


def _name(settings: ChassisSettings) -> str:
    # Browsers accept a __Host- cookie only from this host and over HTTPS.
    return "__Host-session" if _is_secure(settings) else "session"


def _is_secure(settings: ChassisSettings) -> bool:
    return settings.environment != "development"


def _cookie(settings: ChassisSettings, secret: str, *, seconds: int) -> Cookie:
    return Cookie(
        key=_name(settings),
        value=secret,
        max_age=seconds,
        secure=_is_secure(settings),
        httponly=True,
        samesite="lax",
    )


ROUTES = [login, logout]
