"""Requests that cannot be read: the client's errors, told apart from those of the handlers.

Litestar passes on what its decoders raise: UnicodeDecodeError for a body that is no UTF-8,
RecursionError for one that is nested too deeply, ValueError for a Host with an invalid port. A
handler can raise the same, so the traceback decides.
"""

import re
import sys
from collections.abc import AsyncGenerator
from traceback import walk_tb
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, InternalServerException, SerializationException

# nginx's status for a client that has closed its connection; nobody is there to see it.
CLIENT_CLOSED_REQUEST = 499

# Browsers keep no longer one. CPython before 3.11.10 and 3.12.6 takes quadratic time to unquote a
# cookie with backslashes (CVE-2024-7592).
COOKIE_LENGTH = 4096

# Levels of nesting in a body of JSON. How many a decoder follows depends on the version of Python,
# and what a handler does with them may follow fewer.
JSON_DEPTH = 128

# Also matches a string that the body ends in, so that each is read once.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TOO_DEEP = b"[" * (JSON_DEPTH + 1)

# What decoders raise. The rest is no sign of a bad request: a full disk, say.
_UNREADABLE = (
    ArithmeticError,
    LookupError,
    RuntimeError,
    SerializationException,
    TypeError,
    ValueError,
)

# Modules of Litestar that do nothing but read what the client sent, or call dependencies.
_READERS = (
    "litestar._asgi.routing_trie.",
    "litestar._kwargs.",
    "litestar.connection.",
)
_DECODERS = frozenset({"litestar", "msgspec", "multipart", *sys.stdlib_module_names})


class ClientDisconnected(ClientException):
    """The client closed the connection before all of its body had arrived."""

    status_code = CLIENT_CLOSED_REQUEST


class IncomingRequest(Request[Any, Any, Any]):
    """Request that says whose error it is when it cannot be read."""

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by their names.

        Raises:
            ClientException: If a quoted one is longer than `COOKIE_LENGTH`.
        """
        sent = self.headers.get("cookie", "").split(";")
        if any(len(cookie) > COOKIE_LENGTH and "\\" in cookie for cookie in sent):
            raise ClientException("A cookie is too long.")
        return super().cookies

    async def json(self) -> Any:
        """Decode the body as JSON.

        Raises:
            ClientException: If it has more than `JSON_DEPTH` levels.
        """
        if _is_too_deep(await self.body()):
            raise ClientException("The body is nested too deeply.")
        return await super().json()

    async def stream(self) -> AsyncGenerator[bytes, Any]:
        """Give the body in pieces, as they arrive.

        Raises:
            ClientDisconnected: If the client closes the connection before the end of the body.
        """
        try:
            async for piece in super().stream():
                yield piece
        except InternalServerException as error:
            # The other reason is a handler that reads the body twice.
            if not self.is_connected:
                raise
            raise ClientDisconnected("The client closed the connection.") from error


def _is_too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= JSON_DEPTH:
        return False
    brackets = _STRING.sub(b"", body).translate(_SQUARE, _NO_BRACKETS)
    for _ in range(JSON_DEPTH):
        if _TOO_DEEP in brackets:
            return True
        # One level less.
        outer = brackets.replace(b"[]", b"")
        if len(outer) == len(brackets):
            # What is left is not closed, and the decoder says so.
            return False
        brackets = outer
    return bool(brackets)


def is_unreadable(error: Exception) -> bool:
    """Whether an error was raised while Litestar read a request, and by nobody else's code.

    Args:
        error: The error, with its traceback.
    """
    if not isinstance(error, _UNREADABLE):
        return False
    reading = False
    for frame, _ in walk_tb(error.__traceback__):
        module: str = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in _DECODERS:
            # Code of the service, or of a library that it uses: what it calls is its own affair.
            reading = False
        elif module.startswith(_READERS):
            reading = True
    return reading
