"""Uploads and downloads of stored objects, streamed in chunks."""

from dataclasses import dataclass
from urllib.parse import quote

from litestar.exceptions import ClientException, NotFoundException
from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
)
from litestar.response import Stream

from ..storage import InvalidKey, ObjectMissing, Storage, StoredObject
from .connections import AnyRequest

_NOT_FOUND = (InvalidKey, ObjectMissing)

# Characters that are safe in a quoted `filename`; `filename*` contains the others.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-()")


@dataclass
class Upload(Operation):
    """Describes a route that calls `upload`, as its `operation_class`: its body is a file."""

    def __post_init__(self) -> None:
        """Add the body, which no parameter of the handler declares."""
        file = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        self.request_body = RequestBody(content={"application/octet-stream": file}, required=True)


async def upload(
    request: AnyRequest, storage: Storage, key: str, *, content_type: str | None = None
) -> StoredObject:
    """Store the body of a request as an object.

    The size is limited by the handler's `request_max_body_size`, or else by REQUEST_MAX_BYTES; a
    larger body is rejected with 413. Storing is atomic.

    Args:
        request: The request, whose body has not been read yet.
        storage: The object storage.
        key: Key of the object; the handler decides which keys a client may choose.
        content_type: Media type; by default guessed from the extension of the key.

    Returns:
        Metadata of the stored object.

    Raises:
        ClientException: If the key is invalid.
        ClientDisconnected: If the client closed the connection before the end of the body.
    """
    try:
        return await storage.put(key, request.stream(), content_type=content_type)
    except InvalidKey as error:
        raise ClientException(str(error)) from None


async def download(
    storage: Storage, key: str, *, filename: str | None = None, inline: bool = False
) -> Stream:
    """Create a response that streams an object.

    Args:
        storage: The object storage.
        key: Key of the object.
        filename: File name for the client; by default the last segment of the key.
        inline: Whether a browser may display the object. Never set it for uploads of users, which
            may contain scripts.

    Raises:
        NotFoundException: If there is no such object.
    """
    try:
        opened = await storage.open(key)
    except _NOT_FOUND:
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
