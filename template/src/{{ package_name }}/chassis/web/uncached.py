"""Litestar's response cache, only for routes with a `cache_key_builder`.

Litestar's default key is the path with the query, so that a user could get another user's response,
and clients could fill the memory.
"""

from typing import cast

import structlog
from litestar.config.app import AppConfig
from litestar.config.response_cache import ResponseCacheConfig, default_do_cache_predicate
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import InitPlugin, ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import HTTPScope

from .connections import AnyRequest

log = structlog.get_logger(__name__)


class CachedByOwnKey(InitPlugin, ReceiveRoutePlugin):
    """Caches responses of routes that have both `cache` and `cache_key_builder`."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Disable caching for all other routes."""
        app_config.response_cache_config = ResponseCacheConfig(
            key_builder=_no_key, cache_response_filter=_has_own_key
        )
        return app_config

    def receive_route(self, route: BaseRoute) -> None:
        """Warn about a route whose `cache` has no effect."""
        if not isinstance(route, HTTPRoute):
            return
        for handler in route.route_handlers:
            if handler.cache and handler.cache_key_builder is None:
                log.warning("answers not cached", path=route.path, missing="cache_key_builder")


def _no_key(_request: AnyRequest) -> str:
    return ""


def _has_own_key(scope: HTTPScope, status: int) -> bool:
    handler = cast("HTTPRouteHandler", scope["route_handler"])
    # Litestar also calls this for handlers without `cache` if their path has another with it.
    if not handler.cache or handler.cache_key_builder is None:
        return False
    return default_do_cache_predicate(scope, status)
