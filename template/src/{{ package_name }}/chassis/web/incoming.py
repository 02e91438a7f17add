"""Requests that cannot be decoded: respond with 400 instead of 500.

Litestar does not convert exceptions of its decoders: UnicodeDecodeError for invalid UTF-8,
RecursionError for deep nesting, ValueError for a Host with an invalid port. Handlers can raise the
same exceptions, so the traceback decides.
"""

import asyncio
import re
import sys
import time
from collections.abc import AsyncGenerator
from traceback import walk_tb
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, InternalServerException, SerializationException
from litestar.status_codes import HTTP_408_REQUEST_TIMEOUT

# nginx's status for a closed connection; it only appears in the access log.
CLIENT_CLOSED_REQUEST = 499

# The limit of browsers. CPython before 3.11.10 and 3.12.6 takes quadratic time to unquote a cookie
# with backslashes (CVE-2024-7592).
COOKIE_LENGTH = 4096

# Nesting levels of a JSON body. A decoder's own limit depends on the version of Python, and may be
# more than a handler supports.
JSON_DEPTH = 128

# Also matches an unterminated string at the end, to avoid backtracking.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TOO_DEEP = b"[" * (JSON_DEPTH + 1)

# Exceptions of decoders. Others, such as OSError, do not mean a bad request.
_UNREADABLE = (
    ArithmeticError,
    LookupError,
    RuntimeError,
    SerializationException,
    TypeError,
    ValueError,
)

# Modules of Litestar that only decode requests or call dependencies.
_READERS = (
    "litestar._asgi.routing_trie.",
    "litestar._kwargs.",
    "litestar.connection.",
)
_DECODERS = frozenset({"litestar", "msgspec", "multipart", *sys.stdlib_module_names})


class ClientDisconnected(ClientException):
    """The client closed the connection before the whole body was received."""

    status_code = CLIENT_CLOSED_REQUEST


class BodyTooSlow(ClientException):
    """The client needed too long to send the body."""

    status_code = HTTP_408_REQUEST_TIMEOUT


class IncomingRequest(Request[Any, Any, Any]):
    """Request that raises client errors if it cannot be decoded."""

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by name.

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
        """Iterate over the chunks of the body.

        Raises:
            BodyTooSlow: If the client needs longer than REQUEST_BODY_SECONDS.
            ClientDisconnected: If the client closes the connection before the end of the body.
        """
        chunks = super().stream()
        left = self.app.state.runtime.settings.request_body_seconds
        try:
            while True:
                # The handler's time between two chunks does not count.
                start = time.monotonic()
                async with asyncio.timeout(left):
                    chunk = await anext(chunks)
                left -= time.monotonic() - start
                yield chunk
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise BodyTooSlow("The body was received too slowly.") from error
        except InternalServerException as error:
            # Otherwise, the handler has read the body twice.
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
        # Remove the innermost level.
        outer = brackets.replace(b"[]", b"")
        if len(outer) == len(brackets):
            # Unbalanced brackets: leave the error to the decoder.
            return False
        brackets = outer
    return bool(brackets)


def is_unreadable(error: Exception) -> bool:
    """Whether Litestar raised an error while it decoded a request.

    Args:
        error: The error, with its traceback.
    """
    if not isinstance(error, _UNREADABLE):
        return False
    reading = False
    for frame, _ in walk_tb(error.__traceback__):
        module: str = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in _DECODERS:
            # Called from code of the service or of another library.
            reading = False
        elif module.startswith(_READERS):
            reading = True
    return reading
