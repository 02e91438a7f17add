"""Logins by tokens, for clients that keep them."""

from typing import Any

import msgspec
from litestar import Response, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException
from litestar.openapi.spec import SecurityScheme
from litestar.params import JSONBody

from ...auth.tokens import Tokens, begin_login, end_login, find_login, keep_login, refresh_login
from ...db.logins import Login
from ...db.users import User
from ...runtime import Runtime
from ..errors import AnyRequest
from .attempts import NO_STORE, Credentials, prove

SCHEME = SecurityScheme(
    type="http",
    scheme="bearer",
    bearer_format="JWT",
    description="The access token that logging in gives.",
)

Connection = ASGIConnection[Any, Any, Any, Any]


class RefreshToken(msgspec.Struct):
    """What renews or ends a login."""

    refresh_token: str


class TokensOut(msgspec.Struct):
    """A login, as its client keeps it."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str


def challenge(connection: Connection) -> str:
    """What a refused client is asked for."""
    return 'Bearer error="invalid_token"' if _token(connection) else "Bearer"


async def find(connection: Connection) -> tuple[Login, User] | None:
    """Find the login of a request, and its user.

    Args:
        connection: The request.

    Returns:
        Both, or None if nobody is logged in.
    """
    runtime: Runtime = connection.app.state.runtime
    token = _token(connection)
    return await find_login(runtime.database, runtime.settings, token) if token else None


@post("/login", status_code=200, summary="Log in")
async def login(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[Credentials]
) -> Response[TokensOut]:
    """Give tokens: one to show, and one to renew it with."""
    user = await prove(request, runtime, data, scheme="Bearer")
    tokens = await begin_login(runtime.database, runtime.settings, user)
    return _answer(runtime, tokens)


@post("/refresh", status_code=200, summary="Renew a login")
async def refresh(
    runtime: NamedDependency[Runtime], data: JSONBody[RefreshToken]
) -> Response[TokensOut]:
    """Exchange a refresh token for new tokens; one that has been used before ends the login."""
    tokens = await refresh_login(runtime.database, runtime.settings, data.refresh_token)
    if tokens is None:
        raise NotAuthorizedException(
            "This refresh token is good for nothing: log in again.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return _answer(runtime, tokens)


@post("/logout", status_code=204, summary="Log out")
async def logout(runtime: NamedDependency[Runtime], data: JSONBody[RefreshToken]) -> None:
    """End the login of a refresh token, and with it its access tokens."""
    await end_login(runtime.database, data.refresh_token)


async def renew(request: AnyRequest, runtime: Runtime, user: User) -> Response[None]:
    """Answer a changed password, which ends all logins but the one of this request.

    Args:
        request: The request.
        runtime: Where logins are kept.
        user: Whose password has changed.
    """
    await keep_login(runtime.database, request.auth, user)
    return Response(None, headers=NO_STORE)


def _answer(runtime: Runtime, tokens: Tokens) -> Response[TokensOut]:
    return Response(
        TokensOut(tokens.access, tokens.refresh, runtime.settings.access_token_seconds, "Bearer"),
        headers=NO_STORE,
    )


def _token(connection: Connection) -> str:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


ROUTES = [login, refresh, logout]
