"""Response caching with Litestar's `@get(cache=60)`, stored in the service's cache.

A route's `cache_key_builder` returns the cache key of a request. Without one, responses that may be
for one user are not cached: those to requests with credentials, and those whose headers say so.

Of concurrent requests for a response that is not cached, one runs the handler and the others wait.
Litestar looks up responses before it resolves dependencies, so that waiting requests hold no
resources.
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
    "CoalescedResponses",
    "ReleasesWaiters",
    "ResponseStore",
    "anonymous_only",
    "per_user",
    "same_for_all",
]

# For routes with `cache=True`; longer than any deployment lasts.
FOREVER_SECONDS = 30 * 86_400.0


@dataclass(slots=True)
class _Exchange:
    """A request to a route with `cache=`, and its response.

    Args:
        held: Lock that other requests wait for; released with the response.
        key: Key of the response, once it has been looked up.
        storable: Whether the response may be stored.
    """

    held: AsyncExitStack = field(default_factory=AsyncExitStack)
    key: str | None = None
    storable: bool = True


_exchange: ContextVar[_Exchange | None] = ContextVar("exchange", default=None)


class ResponseStore(Store):
    """Store for Litestar's cached responses.

    Args:
        runtime: The runtime with the cache.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._cache = runtime.cache

    async def set(
        self, key: str, value: str | bytes, expires_in: int | timedelta | None = None
    ) -> None:
        """Cache a response, unless it must not be stored."""
        exchange = _exchange.get()
        refused = exchange is not None and key == exchange.key and not exchange.storable
        if key == UNCACHED or refused:
            return
        content = value.encode() if isinstance(value, str) else value
        await self._cache.set(_named(key), content, _seconds(expires_in))

    async def get(self, key: str, renew_for: int | timedelta | None = None) -> bytes | None:
        """Look up a response, and extend its expiry if asked to."""
        exchange = _exchange.get()
        # Only the first lookup may wait: a handler that uses this store must not wait for itself.
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
        """Delete a cached response."""
        await self._cache.delete(_named(key))

    async def delete_all(self) -> None:
        """Clear the cache, including the results of cached functions."""
        await self._cache.clear()

    async def exists(self, key: str) -> bool:
        """Whether a response is cached."""
        return await self._cache.seconds_left(_named(key)) is not None

    async def expires_in(self, key: str) -> int | None:
        """Seconds until a response expires."""
        left = await self._cache.seconds_left(_named(key))
        return None if left is None else round(left)


class CoalescedResponses(InitPlugin, ReceiveRoutePlugin):
    """Caches responses of routes with `cache=`; concurrent requests wait for one handler call."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Set the defaults of routes with `cache=`: cache responses to anonymous requests only."""
        app_config.response_cache_config = ResponseCacheConfig(
            key_builder=anonymous_only, cache_response_filter=_is_complete
        )
        return app_config

    def receive_route(self, route: BaseRoute) -> None:
        """Add middleware to the cached handlers of a route."""
        if not isinstance(route, HTTPRoute):
            return
        for handler in route.route_handlers:
            # A handler with several paths is passed once for each.
            if handler.cache and ReleasesWaiters not in (handler.middleware or ()):
                handler.middleware = [*(handler.middleware or ()), ReleasesWaiters]


class ReleasesWaiters:
    """Middleware that releases waiting requests once a request has a response, or fails.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        exchange = _Exchange()
        has_own_key = _handler(scope).cache_key_builder not in {None, anonymous_only}

        async def send_and_release(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.storable = has_own_key or _is_for_all(message)
            # The response is cached by now. Others do not wait for the rest of a stream, a slow
            # client or background tasks.
            if message["type"] == "http.response.body":
                await exchange.held.aclose()
            await send(message)

        async with exchange.held:
            before = _exchange.set(exchange)
            try:
                await self.app(scope, receive, send_and_release)
            finally:
                _exchange.reset(before)


def _is_complete(scope: HTTPScope, status: int) -> bool:
    # Litestar also calls this for handlers without `cache=` if their path has another with it.
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
