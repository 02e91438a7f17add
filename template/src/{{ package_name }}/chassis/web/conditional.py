"""Conditional requests: 304 if the client has the version of a response."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from .etags import mentions

OK, NOT_MODIFIED = 200, 304
_METHODS = {"GET", "HEAD"}
# They describe the body, which a 304 response does not have.
_OF_THE_BODY = (b"content-length", b"content-type", b"content-encoding", b"content-range")


class ConditionalRequests:
    """ASGI application that answers If-None-Match, for responses with an ETag header.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == ScopeType.HTTP and scope["method"] in _METHODS:
            known = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
            if known:
                send = _Sender(known.decode("latin-1"), send).send
        await self.app(scope, receive, send)


class _Sender:
    """Sends the messages of one response.

    Args:
        known: If-None-Match header of the request.
        send: Function that sends a message.
    """

    def __init__(self, known: str, send: Send) -> None:
        self._known = known
        self._send = send
        self._is_known = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            etag = dict(message["headers"]).get(b"etag", b"").decode("latin-1")
            self._is_known = message["status"] == OK and bool(etag) and mentions(self._known, etag)
            if self._is_known:
                await self._send(_not_modified(message))
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                return
        if not self._is_known:
            await self._send(message)


def _not_modified(start: HTTPResponseStartEvent) -> HTTPResponseStartEvent:
    headers = [header for header in start["headers"] if header[0] not in _OF_THE_BODY]
    return {**start, "status": NOT_MODIFIED, "headers": headers}
