"""Login with bearer tokens."""

import msgspec
import structlog
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException
from litestar.openapi.spec import SecurityScheme
from litestar.params import JSONBody

from ...auth.throttle import allow_refresh, attempt_refresh
from ...auth.tokens import (
    Tokens,
    begin_login,
    end_listed_login,
    end_login,
    find_login,
    keep_login,
    list_logins,
    refresh_login,
)
from ...db.logins import Login
from ...db.users import User
from ...runtime import Runtime
from ..connections import AnyRequest, Connection, client_address
from .attempts import NO_STORE, Credentials, LoginOut, authenticate_request

SCHEME = SecurityScheme(
    type="http",
    scheme="bearer",
    bearer_format="JWT",
    description="Access token from the response to a login.",
)

log = structlog.get_logger(__name__)


class RefreshToken(msgspec.Struct):
    """A refresh token, to renew or end a login."""

    refresh_token: str


class TokensOut(msgspec.Struct):
    """Tokens of a login, in a response."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str


def challenge(connection: Connection) -> str:
    """Value of the WWW-Authenticate header."""
    return 'Bearer error="invalid_token"' if _token(connection) else "Bearer"


async def find(connection: Connection) -> tuple[Login, User] | None:
    """Look up the login of a request, and its user.

    Args:
        connection: The request.

    Returns:
        Both, or None if the request is not authenticated.
    """
    runtime: Runtime = connection.app.state.runtime
    token = _token(connection)
    return await find_login(runtime.database, runtime.settings, token) if token else None


@post("/login", status_code=200, summary="Log in", operation_id="log_in")
async def login(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[Credentials]
) -> Response[TokensOut]:
    """Log in, and return an access token and a refresh token."""
    user = await authenticate_request(request, runtime, data, scheme="Bearer")
    tokens = await begin_login(
        runtime.database,
        runtime.settings,
        user,
        address=client_address(request),
        agent=request.headers.get("User-Agent"),
    )
    return _response(runtime, tokens)


@post("/refresh", status_code=200, summary="Renew a login", operation_id="refresh_login")
async def refresh(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[RefreshToken]
) -> Response[TokensOut]:
    """Exchange a refresh token for new tokens.

    The same token can be sent again for REFRESH_REUSE_SECONDS; after that, it ends its login.
    """
    address = client_address(request)
    await attempt_refresh(runtime, address=address)
    tokens = await refresh_login(runtime.database, runtime.settings, data.refresh_token)
    if tokens is None:
        log.warning("refresh refused", client=address)
        raise NotAuthorizedException(
            "Invalid refresh token: log in again.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    await allow_refresh(runtime, address=address)
    return _response(runtime, tokens)


@post("/logout", status_code=204, summary="Log out", operation_id="log_out")
async def logout(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[RefreshToken]
) -> None:
    """End the login of a refresh token, which also invalidates its access tokens."""
    if user_id := await end_login(runtime.database, data.refresh_token):
        log.info("logged out", user=str(user_id), client=client_address(request))


async def renew(request: AnyRequest, runtime: Runtime, user: User) -> Response[None]:
    """Respond to a password change; all logins end except that of this request.

    Args:
        request: The request.
        runtime: The runtime.
        user: The user.
    """
    await keep_login(runtime.database, request.auth, user)
    return Response(None, headers=NO_STORE)


async def logins(request: AnyRequest, runtime: Runtime, user: User) -> list[LoginOut]:
    """List the logins of a user.

    Args:
        request: The request.
        runtime: The runtime.
        user: The user.
    """
    own: Login = request.auth
    return [
        LoginOut(each.id.hex, each.created_at, each.address, each.agent, each.id == own.id)
        for each in await list_logins(runtime.database, user)
    ]


async def end(runtime: Runtime, user: User, login_id: str) -> bool:
    """End one login of a user.

    Args:
        runtime: The runtime.
        user: The user.
        login_id: Id of the login.

    Returns:
        Whether there was such a login.
    """
    return await end_listed_login(runtime.database, user, login_id)


def _response(runtime: Runtime, tokens: Tokens) -> Response[TokensOut]:
    return Response(
        TokensOut(tokens.access, tokens.refresh, runtime.settings.access_token_seconds, "Bearer"),
        headers=NO_STORE,
    )


def _token(connection: Connection) -> str:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


ROUTES = [login, refresh, logout]
