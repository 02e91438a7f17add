"""Logins by a cookie, for browsers."""

from typing import Any, TypeVar

from litestar import Response, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import PermissionDeniedException
from litestar.openapi.spec import SecurityScheme
from litestar.params import JSONBody

from ....settings import Settings
from ...auth.sessions import Session, begin_session, end_session, find_session
from ...db.users import User
from ...runtime import Runtime
from ..errors import AnyRequest
from .attempts import NO_STORE, Credentials, UserOut, prove

T = TypeVar("T")

SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}

SCHEME = SecurityScheme(
    type="apiKey",
    name="session",
    security_scheme_in="cookie",
    description="The cookie that logging in sets; its name begins with __Host- where it is secure.",
)

Connection = ASGIConnection[Any, Any, Any, Any]


def challenge(connection: Connection) -> str:
    """What a refused client is asked for."""
    return "Session"


async def find(connection: Connection) -> tuple[Session, User] | None:
    """Find the login of a request, and its user.

    Args:
        connection: The request.

    Returns:
        Both, or None if nobody is logged in.

    Raises:
        PermissionDeniedException: If another site made the browser send the request.
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
    """Refuse what another site makes a browser send, since the cookie goes with it.

    Browsers say where a request comes from; other clients do not and need not.

    Args:
        connection: The request.

    Raises:
        PermissionDeniedException: If it changes something and comes from elsewhere.
    """
    if connection.scope.get("method") in SAFE:
        return
    site = connection.headers.get("sec-fetch-site")
    if site is None:
        origin = connection.headers.get("origin")
        same = origin is None or origin.partition("://")[2] == connection.headers.get("host")
    else:
        same = site in {"same-origin", "none"}
    if not same:
        raise PermissionDeniedException("This request comes from another site.")


@post("/login", status_code=200, summary="Log in")
async def login(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[Credentials]
) -> Response[UserOut]:
    """Set a cookie that was never there before, whatever the client sent."""
    check_origin(request)
    user = await prove(request, runtime, data, scheme=challenge(request))
    return await _begin(request, runtime, user, UserOut.of(user))


@post("/logout", status_code=204, summary="Log out")
async def logout(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[None]:
    """End the login, wherever its cookie has gotten to."""
    check_origin(request)
    if secret := _secret(request):
        await end_session(runtime, secret)
    return Response(None, cookies=[_cookie(runtime.settings, "", seconds=0)], headers=NO_STORE)


async def renew(request: AnyRequest, runtime: Runtime, user: User) -> Response[None]:
    """Answer a changed password, which ends all logins, with one that goes on.

    Args:
        request: The request.
        runtime: Where logins are kept.
        user: Whose password has changed.
    """
    return await _begin(request, runtime, user, None)


async def _begin(request: AnyRequest, runtime: Runtime, user: User, content: T) -> Response[T]:
    if old := _secret(request):
        await end_session(runtime, old)
    secret = await begin_session(runtime, user)
    cookie = _cookie(runtime.settings, secret, seconds=runtime.settings.session_seconds)
    return Response(content, cookies=[cookie], headers=NO_STORE)


def _secret(connection: Connection) -> str:
    runtime: Runtime = connection.app.state.runtime
    return connection.cookies.get(_name(runtime.settings), "")


def _name(settings: Settings) -> str:
    # Browsers let no other host and no plain HTTP set a cookie of this name.
    return "__Host-session" if _is_secure(settings) else "session"


def _is_secure(settings: Settings) -> bool:
    return settings.environment != "development"


def _cookie(settings: Settings, secret: str, *, seconds: int) -> Cookie:
    return Cookie(
        key=_name(settings),
        value=secret,
        max_age=seconds,
        secure=_is_secure(settings),
        httponly=True,
        samesite="lax",
    )


ROUTES = [login, logout]
