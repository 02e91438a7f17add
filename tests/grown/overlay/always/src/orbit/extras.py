"""Extensions of the service, which `app.py` passes to the chassis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from litestar import MediaType, Request, Response, get
from litestar.config.cors import CORSConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.plugins import InitPlugin, PluginProtocol

if TYPE_CHECKING:
    from litestar import Litestar
    from litestar.config.app import AppConfig
    from litestar.types import (
        ASGIApp,
        ExceptionHandlersMap,
        Message,
        Middleware,
        Receive,
        Scope,
        Send,
    )
    from structlog.typing import EventDict, WrappedLogger

    from .chassis.runtime import Runtime

log = structlog.get_logger(__name__)

SHOP = "https://shop.example.org"


class ParcelLost(Exception):
    """The carrier does not know where a parcel is."""


class DepotHeader(ASGIMiddleware):
    """Names the depot in each response."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Add the header when the response starts."""

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message)["X-Depot"] = "north"
            await send(message)

        await next_app(scope, receive, send_named)


@get("/carriers", sync_to_thread=False, summary="List carriers")
def carriers() -> list[str]:
    """Carriers that fetch parcels here."""
    return ["Snail", "Pigeon"]


class Carriers(InitPlugin):
    """Adds a route, like a library for carriers."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the route."""
        app_config.route_handlers.append(carriers)
        return app_config


class Printer:
    """The label printer of this process; it prints between `open` and `close`."""

    def __init__(self) -> None:
        self.state = "off"

    async def open(self) -> None:
        """Connect to the printer."""
        await asyncio.sleep(0)
        self.state = "ready"

    async def close(self) -> None:
        """Let others use the printer."""
        self.state = "off"

    async def check(self) -> None:
        """Readiness check.

        Raises:
            ConnectionError: When the printer is not connected.
        """
        if self.state != "ready":
            raise ConnectionError("The printer is not connected.")


printer = Printer()


def parcel_lost(_request: Request[Any, Any, Any], error: ParcelLost) -> Response[dict[str, str]]:
    """Respond with 410 for a lost parcel."""
    return Response({"detail": str(error)}, status_code=410, media_type=MediaType.JSON)


class Shop(InitPlugin):
    """Lets the shop call this service from a browser."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Configure CORS."""
        app_config.cors_config = CORSConfig(allow_origins=[SHOP], allow_credentials=True)
        return app_config


@asynccontextmanager
async def opened_printer(_runtime: Runtime[Any]) -> AsyncIterator[Printer]:
    """Resource of the runtime: keep the printer open in every process."""
    await printer.open()
    try:
        yield printer
    finally:
        await printer.close()


async def check_printer(runtime: Runtime[Any]) -> None:
    """Readiness check: the printer is connected."""
    await runtime.resources["printer"].check()


@asynccontextmanager
async def opening_hours(_app: Litestar) -> AsyncIterator[None]:
    """Lifespan: say when the depot opens and closes."""
    log.info("depot open")
    try:
        yield
    finally:
        log.info("depot closed")


async def clock(_runtime: Runtime[Any]) -> None:
    """Close the day at midnight, until the process is terminated."""
    log.info("clock ready")
    try:
        await asyncio.Event().wait()
    finally:
        log.info("clock ended")


def name_depot(_logger: WrappedLogger, _level: str, event: EventDict) -> EventDict:
    """Log processor: name the depot in each line."""
    return {**event, "depot": "north"}


MIDDLEWARE: list[Middleware] = [DepotHeader()]
EXCEPTION_HANDLERS: ExceptionHandlersMap = {ParcelLost: parcel_lost}
PLUGINS: list[PluginProtocol] = [Carriers(), Shop()]
