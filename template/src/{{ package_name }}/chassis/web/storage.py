"""Objects in requests and answers, in pieces that are passed on as they come."""

from urllib.parse import quote

from litestar.exceptions import ClientException, NotFoundException
from litestar.response import Stream

from ..storage import InvalidKey, ObjectMissing, Storage, StoredObject
from .errors import AnyRequest

_NOT_THERE = (InvalidKey, ObjectMissing)

# What may stand between quotation marks in a header; the rest is in `filename*` alone.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-()")


async def upload(
    request: AnyRequest, storage: Storage, key: str, *, content_type: str | None = None
) -> StoredObject:
    """Store the body of a request as an object.

    The handler's `request_max_body_size` bounds it, and that of the settings does where the handler
    has none; a larger body is answered with 413. An object is there in full or not at all.

    Args:
        request: The request, whose body nobody has read.
        storage: Where to.
        key: Key of the object. What a client may choose of it is for the handler to say.
        content_type: Media type of the object; by default what the ending of the key says.

    Returns:
        What was stored.

    Raises:
        ClientException: When no object can have this key.
        ClientDisconnected: When the client closed the connection before the end of the body.
    """
    try:
        return await storage.put(key, request.stream(), content_type=content_type)
    except InvalidKey as error:
        raise ClientException(str(error)) from None


async def download(
    storage: Storage, key: str, *, filename: str | None = None, inline: bool = False
) -> Stream:
    """Answer with an object.

    Args:
        storage: Where it is.
        key: Its key.
        filename: Name under which a client saves it; by default the last segment of the key.
        inline: Whether a browser may show it. Never for what others have uploaded: it could hold a
            script.

    Raises:
        NotFoundException: When there is no such object.
    """
    try:
        opened = await storage.open(key)
    except _NOT_THERE:
        raise NotFoundException("There is no such object.") from None
    stored = opened.stored
    name = filename or key.rpartition("/")[2]
    headers = {
        "Content-Length": str(stored.size),
        "Content-Disposition": _disposition("inline" if inline else "attachment", name),
        "X-Content-Type-Options": "nosniff",
    }
    if stored.etag:
        headers["ETag"] = stored.etag
    return Stream(opened, headers=headers, media_type=stored.content_type)


def _disposition(kind: str, name: str) -> str:
    plain = "".join(letter if letter in _PLAIN else "_" for letter in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
