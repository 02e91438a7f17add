"""Compression of responses with gzip.

Litestar's own ignores `q=0`, and compresses images and what is already compressed.
"""

from __future__ import annotations

import re
import zlib

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

# Smaller bodies fit into a packet anyway.
MINIMUM_BYTES = 1000
# Most of the size for a third of the time of zlib's default.
LEVEL = 4
# The format of gzip.
_WINDOW = 16 + zlib.MAX_WBITS

_TYPES = re.compile(
    rb"(?:text/|application/(?:[\w.+-]*\+)?(?:json|xml|javascript|yaml|x-ndjson)|"
    rb"application/vnd\.oai\.openapi|image/svg\+xml)"
)
_ENCODINGS = re.compile(rb"(?:^|,)\s*(gzip|\*)\s*(?:;\s*q=([\d.]+))?\s*(?=,|$)")
# A body with one of these is encoded, is a part of another one, or may contain a secret, which the
# length of a compressed body can reveal (BREACH).
_UNCHANGED = {b"content-encoding", b"content-range", b"set-cookie"}
_UNCHANGED_CACHING = re.compile(rb"no-store|no-transform")
_WITHOUT_BODY = {204, 304}
_LENGTH = b"content-length"


class Compression:
    """ASGI application that compresses the bodies of responses for clients that accept gzip.

    Each chunk of a stream is sent on at once.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == ScopeType.HTTP and scope["method"] != "HEAD":
            send = _Sender(scope, send).send
        await self.app(scope, receive, send)


def accepts_gzip(accepted: bytes) -> bool:
    """Whether a client accepts gzip.

    Args:
        accepted: Accept-Encoding header of the request.
    """
    weights = dict(_ENCODINGS.findall(accepted.lower()))
    weight = weights.get(b"gzip", weights.get(b"*"))
    # Without a number, the weight is 1.
    return weight == b"" or bool(weight and weight.strip(b"0."))


class _Sender:
    """Sends the messages of one response.

    Args:
        scope: The request.
        send: Function that sends a message.
    """

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._start: HTTPResponseStartEvent | None = None
        self._compressor: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if _is_compressible(message):
                # The first part of the body decides.
                self._start = message
                return
        elif message["type"] == "http.response.body":
            body, more = message.get("body", b""), message.get("more_body", False)
            if self._start is not None:
                await self._begin(self._start, len(body) if not more else None)
            if self._compressor is not None:
                message["body"] = self._compressed(self._compressor, body, more=more)
        await self._send(message)

    async def _begin(self, start: HTTPResponseStartEvent, length: int | None) -> None:
        self._start = None
        # A stream of a known length is a file.
        is_file = length is None and any(name == _LENGTH for name, _ in start["headers"])
        if not is_file and (length is None or length >= MINIMUM_BYTES):
            headers = [*start["headers"], (b"vary", b"Accept-Encoding")]
            sent = self._scope["headers"]
            if accepts_gzip(b",".join(v for k, v in sent if k == b"accept-encoding")):
                self._compressor = zlib.compressobj(LEVEL, wbits=_WINDOW)
                headers = [_weakened(header) for header in headers if header[0] != _LENGTH]
                headers.append((b"content-encoding", b"gzip"))
            start["headers"] = headers
        await self._send(start)

    def _compressed(self, compressor: zlib._Compress, body: bytes, *, more: bool) -> bytes:
        return compressor.compress(body) + compressor.flush(
            zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH
        )


def _is_compressible(start: HTTPResponseStartEvent) -> bool:
    headers = dict(start["headers"])
    return (
        start["status"] not in _WITHOUT_BODY
        and _TYPES.match(headers.get(b"content-type", b"").lower()) is not None
        and _UNCHANGED.isdisjoint(headers)
        and not _UNCHANGED_CACHING.search(headers.get(b"cache-control", b""))
    )


def _weakened(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A strong ETag identifies the bytes of a body, which compression changes."""
    name, value = header
    return (name, b"W/" + value) if name == b"etag" and not value.startswith(b"W/") else header
