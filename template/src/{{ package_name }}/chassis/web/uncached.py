"""Litestar's own cache of answers, for routes with a key builder alone.

By itself, Litestar tells answers apart by path and query, so that one user would get another's, and
keeps as many as clients ask for.
"""

from typing import Any, cast

import structlog
from litestar import Request
from litestar.config.app import AppConfig
from litestar.config.response_cache import ResponseCacheConfig, default_do_cache_predicate
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import InitPlugin, ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import HTTPScope

log = structlog.get_logger(__name__)


class CachedByOwnKey(InitPlugin, ReceiveRoutePlugin):
    """Caches the answers of routes that have both `cache` and `cache_key_builder`."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Cache nothing else."""
        app_config.response_cache_config = ResponseCacheConfig(
            key_builder=_no_key, cache_response_filter=_has_own_key
        )
        return app_config

    def receive_route(self, route: BaseRoute) -> None:
        """Warn of a route whose `cache` does nothing."""
        if not isinstance(route, HTTPRoute):
            return
        for handler in route.route_handlers:
            if handler.cache and handler.cache_key_builder is None:
                log.warning("answers not cached", path=route.path, missing="cache_key_builder")


def _no_key(_request: Request[Any, Any, Any]) -> str:
    return ""


def _has_own_key(scope: HTTPScope, status: int) -> bool:
    handler = cast("HTTPRouteHandler", scope["route_handler"])
    # Litestar also asks about handlers without `cache`, if another one of their path has it.
    if not handler.cache or handler.cache_key_builder is None:
        return False
    return default_do_cache_predicate(scope, status)
