"""Extensions of the service, for `app.py`; each function imports what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from litestar import Litestar
    from litestar.plugins import PluginProtocol
    from litestar.types import ExceptionHandlersMap, Middleware
    from structlog.typing import Processor

    from .chassis.runtime import Runtime


def middleware() -> Sequence[Middleware]:
    """Middleware of every route."""
    from .extras import MIDDLEWARE

    return MIDDLEWARE


def plugins() -> Sequence[PluginProtocol]:
    """Plugins of the web application."""
    from .extras import PLUGINS

    return PLUGINS


def lifespans() -> Sequence[Callable[[Litestar], AbstractAsyncContextManager[None]]]:
    """Resources that are open while the web process serves."""
    from .extras import opening_hours

    return [opening_hours]


def exception_handlers() -> ExceptionHandlersMap:
    """Handlers of this service's own errors."""
    from .extras import EXCEPTION_HANDLERS

    return EXCEPTION_HANDLERS


def resources() -> Mapping[str, Callable[[Runtime[Any]], AbstractAsyncContextManager[object]]]:
    """Resources that every process opens."""
    from .extras import opened_printer

    return {"printer": opened_printer}


def checks() -> Mapping[str, Callable[[Runtime[Any]], Coroutine[Any, Any, None]]]:
    """Readiness checks."""
    from .extras import check_printer

    return {"printer": check_printer}


def log_processors() -> Sequence[Processor]:
    """Log processors."""
    from .extras import name_depot

    return [name_depot]


def processes() -> Mapping[str, Callable[[Runtime[Any]], Coroutine[Any, Any, None]]]:
    """Additional process types."""
    from .extras import clock

    return {"clock": clock}
