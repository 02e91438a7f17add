"""Middleware for all requests: faults, the log, and tokens."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any
from urllib.parse import unquote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from .world import Fault, Token, World


class Front:
    """Wraps the application.

    Args:
        app: The application.
        world: State of the stand-in.
    """

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != ScopeType.HTTP or scope["path"].startswith("/-/"):
            await self.app(scope, receive, send)
            return
        headers = {key.decode().lower(): value.decode() for key, value in scope["headers"]}
        raw = (scope.get("raw_path") or scope["path"].encode()).decode()
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        line = f"{scope['method']} {raw}{query}"
        entry: dict[str, Any] = {"line": line, "at": time.time(), "status": None}
        self.world.requests.append(entry)
        # An encoded slash is part of a name, and does not separate parts of the path.
        scope["path"] = unquote(raw.replace("%2F", "%252F").replace("%2f", "%252F"))

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        fault = self.world.fault(line)
        if fault is None:
            await self._admit(scope, receive, noted, headers)
        else:
            await self._fail(fault, scope, receive, noted, headers)

    async def _fail(
        self, fault: Fault, scope: HTTPScope, receive: Receive, send: Send, headers: dict[str, str]
    ) -> None:
        await asyncio.sleep(fault.delay)
        if fault.lost:

            async def nowhere(message: Message) -> None:
                """Discard the response."""

            await self._admit(scope, receive, nowhere, headers)
        if fault.held:
            await self._admit(scope, receive, _Held(send, fault.held), headers)
        elif fault.drop:
            # The body is shorter than announced, so that the connection ends in the middle.
            await _start(send, 200, {"content-length": "1000", "connection": "close"})
            await send({"type": "http.response.body", "body": b"{", "more_body": False})
        elif fault.raw is not None:
            await _start(send, fault.status or 200, {"content-type": "text/html"})
            body = fault.raw.encode()
            await send({"type": "http.response.body", "body": body, "more_body": False})
        elif fault.echo:
            said = " ".join(headers.get(name, "") for name in ("authorization", "private-token"))
            text = f"no entry for {said} {base64.b64encode(said.encode()).decode()}"
            await respond(send, fault.status or 400, {"message": text})
        elif fault.status or fault.lost:
            text = "Server Error" if fault.body is None else fault.body
            data = {"message": text} if fault.data is None else fault.data
            await respond(send, fault.status or 502, data, fault.headers)
        else:
            await self._admit(scope, receive, send, headers)

    async def _admit(
        self, scope: HTTPScope, receive: Receive, send: Send, headers: dict[str, str]
    ) -> None:
        token = self.world.tokens.get(_token(headers))
        if "/api/" not in scope["path"]:
            # git asks for a password after the first 401.
            scope["state"]["token"] = token
            await self.app(scope, receive, send)
            return
        if token is None or token.expired:
            said = _UNKNOWN[scope["path"].split("/")[1]]
            await respond(send, 401, said)
            return
        if not token.may_write and scope["method"] not in ("GET", "HEAD"):
            await respond(send, 403, _WEAK[scope["path"].split("/")[1]])
            return
        scope["state"]["token"] = token

        async def with_scopes(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"].startswith("/github/"):
                scopes = ", ".join(token.scopes).encode()
                message["headers"] = [*message["headers"], (b"x-oauth-scopes", scopes)]
            await send(message)

        await self.app(scope, receive, with_scopes)


class _Held:
    """Sends a response some time after the request was executed."""

    def __init__(self, send: Send, seconds: float) -> None:
        self._send = send
        self._seconds = seconds

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(self._seconds)
        await self._send(message)


_UNKNOWN: dict[str, dict[str, Any]] = {
    "github": {"message": "Bad credentials", "status": "401"},
    "gitlab": {"message": "401 Unauthorized"},
    "gitea": {"message": "user does not exist [uid: 0, name: ]"},
}
_WEAK: dict[str, dict[str, Any]] = {
    "github": {"message": "Resource not accessible by personal access token", "status": "403"},
    "gitlab": {"error": "insufficient_scope", "error_description": "The request requires api."},
    "gitea": {"message": "token does not have at least one of required scope(s)"},
}


async def respond(
    send: Send, status: int, data: Any, headers: dict[str, str] | None = None
) -> None:
    """Send a JSON response.

    Args:
        send: ASGI's send function.
        status: HTTP status.
        data: The JSON.
        headers: More headers.
    """
    body = json.dumps(data).encode()
    length = {"content-length": str(len(body)), "content-type": "application/json"}
    await _start(send, status, {**length, **(headers or {})})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    encoded = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


def _token(headers: dict[str, str]) -> str:
    if "private-token" in headers:
        return headers["private-token"]
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        return base64.b64decode(value).decode().partition(":")[2]
    return value


def user_of(scope: Scope) -> Token:
    """The token of an authenticated request.

    Args:
        scope: The request.
    """
    token: Token = scope["state"]["token"]
    return token
