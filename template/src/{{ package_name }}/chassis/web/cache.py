"""Litestar's own cache of answers (`@get(cache=60)`), kept where the service's cache is.

Of many requests for an answer that is not kept, one runs the handler and the others wait. Litestar
looks an answer up after its guards and before its dependencies, so that who waits holds nothing.
"""

from contextlib import AsyncExitStack
from contextvars import ContextVar
from datetime import timedelta

from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute
from litestar.stores.base import Store
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ..runtime import Runtime

# For routes that say "for ever": no deployment lasts longer.
FOREVER_SECONDS = 30 * 86_400.0

# What a request holds until it is answered, as long as it has looked no answer up.
_held: ContextVar[AsyncExitStack | None] = ContextVar("held", default=None)


class ResponseStore(Store):
    """Where Litestar keeps answers.

    Args:
        runtime: The runtime, whose cache is used.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._cache = runtime.cache

    async def set(
        self, key: str, value: str | bytes, expires_in: int | timedelta | None = None
    ) -> None:
        """Keep an answer for so many seconds."""
        content = value.encode() if isinstance(value, str) else value
        await self._cache.set(_named(key), content, _seconds(expires_in))

    async def get(self, key: str, renew_for: int | timedelta | None = None) -> bytes | None:
        """Look an answer up, and keep it longer if asked to."""
        found = await self._cache.get(_named(key))
        if found is None and (held := _held.get()) is not None:
            # A handler that looks into this store by itself must not wait for itself.
            _held.set(None)
            await held.enter_async_context(self._cache.lead(_named(key)))
            found = await self._cache.get(_named(key))
        if found is not None and renew_for is not None:
            await self._cache.set(_named(key), found, _seconds(renew_for))
        return found

    async def delete(self, key: str) -> None:
        """Keep an answer no longer."""
        await self._cache.delete(_named(key))

    async def delete_all(self) -> None:
        """Keep nothing, which includes the results of functions."""
        await self._cache.clear()

    async def exists(self, key: str) -> bool:
        """Whether an answer is kept."""
        return await self._cache.seconds_left(_named(key)) is not None

    async def expires_in(self, key: str) -> int | None:
        """How long an answer will be kept, in seconds."""
        left = await self._cache.seconds_left(_named(key))
        return None if left is None else round(left)


class SharedAnswers(ReceiveRoutePlugin):
    """Lets requests wait for an answer that another of them is about to give."""

    def receive_route(self, route: BaseRoute) -> None:
        """Surround the handlers of a route whose answers are kept."""
        if not isinstance(route, HTTPRoute):
            return
        for handler in route.route_handlers:
            # A handler with several paths comes by with each of them.
            if handler.cache and UntilAnswered not in (handler.middleware or ()):
                handler.middleware = [*(handler.middleware or ()), UntilAnswered]


class UntilAnswered:
    """Middleware that lets others go when a request is answered, or has ended otherwise.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_and_let_go(message: Message) -> None:
            # By now the answer is kept if it may be. Neither the rest of a stream nor a slow client
            # nor what is done after the answer is for others to wait for.
            if message["type"] == "http.response.body":
                await held.aclose()
            await send(message)

        async with AsyncExitStack() as held:
            before = _held.set(held)
            try:
                await self.app(scope, receive, send_and_let_go)
            finally:
                _held.reset(before)


def _named(key: str) -> str:
    return f"response:{key}"


def _seconds(time: int | timedelta | None) -> float:
    if time is None:
        return FOREVER_SECONDS
    return time.total_seconds() if isinstance(time, timedelta) else float(time)
