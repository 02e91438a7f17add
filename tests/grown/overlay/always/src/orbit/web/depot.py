"""Routes of the depot: a page of its settings, a feed, ticks, labels and preferences."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import humanize
import msgspec
from litestar import Response, Router, WebSocket, get, post, websocket
from litestar.datastructures import Cookie, UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, CookieParameter, FromPath, HeaderParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from ..extras import EXCEPTION_HANDLERS, MIDDLEWARE, ParcelLost, printer
from ..settings import Settings

CurrentSettings = NamedDependency[Settings]


class Depot(msgspec.Struct):
    """Public data about the depot."""

    name: str
    printer: str
    currency: str
    countries: list[str]
    surcharges: dict[str, int]
    mail: str
    has_token: bool


class Label(msgspec.Struct):
    """A label that was uploaded."""

    name: str
    size: str
    copies: int
    footer: str | None


class Preferences(msgspec.Struct):
    """Preferences from a cookie, and the device from a header."""

    language: str
    device: str


@get("/", summary="Show the depot")
async def show(settings: CurrentSettings) -> Depot:
    """Show where parcels leave from, and what it costs."""
    return Depot(
        name=settings.depot,
        printer=printer.state,
        currency=settings.currency.value,
        countries=settings.countries,
        surcharges=settings.surcharges,
        mail=f"{settings.mail.host}:{settings.mail.port}",
        has_token=bool(settings.carrier_token.get_secret_value()),
    )


@get("/lost/{number:int}", summary="Show a lost parcel")
async def lost(number: FromPath[int]) -> None:
    """Respond with 410, by an exception handler of this service."""
    raise ParcelLost(f"Parcel {number} is lost.")


@websocket("/feed")
async def feed(socket: WebSocket[Any, Any, Any], settings: CurrentSettings) -> None:
    """Echo messages of the client, with the depot's name."""
    await socket.accept()
    said = await socket.receive_text()
    await socket.send_json({"depot": settings.depot, "said": said})
    await socket.close()


@get("/ticks", summary="Follow the conveyor")
async def ticks() -> ServerSentEvent:
    """Send one event for each parcel on the conveyor."""

    async def events() -> AsyncIterator[ServerSentEventMessage]:
        for number in range(3):
            yield ServerSentEventMessage(data=str(number), event="parcel")

    return ServerSentEvent(events())


@post("/labels", summary="Upload a label", status_code=201)
async def upload_label(
    settings: CurrentSettings,
    data: Annotated[UploadFile, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Label:
    """Store a label in LABEL_FOLDER."""
    content = await data.read()
    settings.label_folder.mkdir(exist_ok=True)
    name = data.filename.rpartition("/")[2]
    (settings.label_folder / name).write_bytes(content)
    size = humanize.naturalsize(len(content))
    return Label(name, size, settings.label_copies, settings.label_footer)


@get("/preferences", summary="Show preferences")
async def preferences(
    language: Annotated[str, CookieParameter(name="language")] = "en",
    device: Annotated[str, HeaderParameter(name="X-Device")] = "unknown",
) -> Response[Preferences]:
    """Show preferences, and remember the language."""
    cookie = Cookie(key="language", value=language, secure=True, httponly=True)
    return Response(Preferences(language, device), cookies=[cookie])


router = Router(
    "/depot",
    route_handlers=[show, lost, feed, ticks, upload_label, preferences],
    middleware=MIDDLEWARE,
    exception_handlers=EXCEPTION_HANDLERS,
    tags=["depot"],
)
