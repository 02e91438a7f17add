"""HEAD for every GET route, for uptime monitors and load balancers."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

NOT_ALLOWED = 405


class HeadRequests:
    """ASGI application that handles HEAD as GET without a body, unless the wrapped one supports it.

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

        used = scope.copy()
        await self.app(used, receive, send_unless_refused)
        if refused:
            as_get = scope.copy()
            as_get["method"] = "GET"
            await self.app(as_get, receive, _without_body(send))
            used = as_get
        # Outer layers read the route from the scope.
        scope.update(used)
        scope["method"] = "HEAD"


def _without_body(send: Send) -> Send:
    finished = False

    async def send_head(message: Message) -> None:
        nonlocal finished
        if message["type"] == "http.response.start":
            await send(message)
        elif not finished:
            finished = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_head
