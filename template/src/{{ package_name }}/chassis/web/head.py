"""HEAD for every route that answers GET, as uptime monitors and load balancers ask."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

NOT_ALLOWED = 405


class HeadRequests:
    """ASGI application that answers HEAD as GET without a body, where another does not itself.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        refused = False

        async def send_unless_refused(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                refused = message["status"] == NOT_ALLOWED
            if not refused:
                await send(message)

        as_it_is = scope.copy()
        await self.app(as_it_is, receive, send_unless_refused)
        if refused:
            as_get = scope.copy()
            as_get["method"] = "GET"
            await self.app(as_get, receive, _without_body(send))
            as_it_is = as_get
        # What surrounds this reads there which route it was.
        scope.update(as_it_is)
        scope["method"] = "HEAD"


def _without_body(send: Send) -> Send:
    answered = False

    async def send_head(message: Message) -> None:
        nonlocal answered
        if message["type"] == "http.response.start":
            await send(message)
        elif not answered:
            answered = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_head
