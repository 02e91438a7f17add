"""Litestar's own cache of answers (`@get(cache=60)`), kept where the service's cache is.

A route's `cache_key_builder` says what its answers depend on. Without one, what may be for one user
is not cached: requests with credentials, and responses that say so in their headers.

Of many requests for an answer that is not kept, one runs the handler and the others wait. Litestar
looks an answer up after its guards and before its dependencies, so that who waits holds nothing.
"""

from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from litestar.config.app import AppConfig
from litestar.config.response_cache import ResponseCacheConfig, default_do_cache_predicate
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import InitPlugin, ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute
from litestar.stores.base import Store
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

from ..runtime import Runtime
from .cache_keys import UNCACHED, anonymous_only, per_user, same_for_all

__all__ = [
    "UNCACHED",
    "ResponseStore",
    "SharedAnswers",
    "UntilAnswered",
    "anonymous_only",
    "per_user",
    "same_for_all",
]

# For routes that say "for ever": no deployment lasts longer.
FOREVER_SECONDS = 30 * 86_400.0


@dataclass(slots=True)
class _Exchange:
    """A request to a route with `cache=`, and its response.

    Args:
        held: What other requests wait for, left when this one is answered.
        key: Key of the response, once it has been looked up.
        storable: Whether the response may be stored.
    """

    held: AsyncExitStack = field(default_factory=AsyncExitStack)
    key: str | None = None
    storable: bool = True


_exchange: ContextVar[_Exchange | None] = ContextVar("exchange", default=None)


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
        """Keep an answer for so many seconds, unless it may not be stored."""
        exchange = _exchange.get()
        refused = exchange is not None and key == exchange.key and not exchange.storable
        if key == UNCACHED or refused:
            return
        content = value.encode() if isinstance(value, str) else value
        await self._cache.set(_named(key), content, _seconds(expires_in))

    async def get(self, key: str, renew_for: int | timedelta | None = None) -> bytes | None:
        """Look an answer up, and keep it longer if asked to."""
        exchange = _exchange.get()
        # A handler that looks into this store by itself must not wait for itself.
        is_first = exchange is not None and exchange.key is None
        if exchange is not None and is_first:
            exchange.key = key
        if key == UNCACHED:
            return None
        found = await self._cache.get(_named(key))
        if found is None and exchange is not None and is_first:
            await exchange.held.enter_async_context(self._cache.lead(_named(key)))
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


class SharedAnswers(InitPlugin, ReceiveRoutePlugin):
    """Shares the answers of routes with `cache=` among the requests that may have them.

    Requests wait for an answer that another of them is about to give.
    """

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Cache what is the same for everybody, unless a route says otherwise."""
        app_config.response_cache_config = ResponseCacheConfig(
            key_builder=anonymous_only, cache_response_filter=_is_complete
        )
        return app_config

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
        exchange = _Exchange()
        has_own_key = _handler(scope).cache_key_builder not in {None, anonymous_only}

        async def send_and_let_go(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.storable = has_own_key or _is_for_all(message)
            # By now the answer is kept if it may be. Neither the rest of a stream nor a slow client
            # nor what is done after the answer is for others to wait for.
            if message["type"] == "http.response.body":
                await exchange.held.aclose()
            await send(message)

        async with exchange.held:
            before = _exchange.set(exchange)
            try:
                await self.app(scope, receive, send_and_let_go)
            finally:
                _exchange.reset(before)


def _is_complete(scope: HTTPScope, status: int) -> bool:
    # Litestar also asks about handlers without `cache=`, if another one of their path has it.
    is_cached, is_partial = bool(_handler(scope).cache), status == 206
    return is_cached and not is_partial and default_do_cache_predicate(scope, status)


def _handler(scope: Scope) -> HTTPRouteHandler:
    return cast("HTTPRouteHandler", scope["route_handler"])


def _is_for_all(start: HTTPResponseStartEvent) -> bool:
    for name, value in start["headers"]:
        match name.lower():
            case b"vary" | b"set-cookie":
                return False
            case b"cache-control":
                directives = {one.partition(b"=")[0].strip() for one in value.lower().split(b",")}
                if directives & {b"private", b"no-store"}:
                    return False
    return True


def _named(key: str) -> str:
    return f"response:{key}"


def _seconds(time: int | timedelta | None) -> float:
    if time is None:
        return FOREVER_SECONDS
    return time.total_seconds() if isinstance(time, timedelta) else float(time)
