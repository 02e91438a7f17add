"""The service's object storage."""

from __future__ import annotations

import asyncio
import mimetypes
import os
from collections.abc import AsyncIterable, AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Self

import obstore
from obstore.store import LocalStore

from ..settings import ChassisSettings
from .errors import NoPresignedUrl, ObjectMissing, converted_errors
from .keys import checked
from .objects import OpenObject, StoredObject, storage_request, with_timeout
from .places import Place, place_of
from .uploads import parts_of, send

if TYPE_CHECKING:
    from pathlib import Path

    from obstore import Attributes, ObjectMeta

# The maximum of S3.
URL_SECONDS_LIMIT = 7 * 24 * 3600
CHUNK_BYTES = 256 * 1024

UNKNOWN_TYPE = "application/octet-stream"

# Key that the readiness check requests; it is never stored.
_MISSING_KEY = "check/nothing"


class Storage:
    """Objects by key, in a bucket or a local folder.

    Args:
        place: Location of the objects.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._store = place.store

    @classmethod
    def of(cls, settings: ChassisSettings) -> Self:
        """Create the storage that the settings name; connections are opened on demand.

        Args:
            settings: Settings with the address and credentials.
        """
        return cls(place_of(settings))

    async def put(
        self,
        key: str,
        content: bytes | AsyncIterable[bytes],
        *,
        content_type: str | None = None,
    ) -> StoredObject:
        """Store an object; replaces an existing one with the same key.

        Storing is atomic: a failed or cancelled upload leaves nothing behind.

        Args:
            key: Key of the object.
            content: All bytes, or an iterable of chunks of any size, which are sent as they arrive.
            content_type: Media type; by default guessed from the extension of the key.

        Raises:
            InvalidKey: If the key is invalid.
            StorageUnavailable: If the storage cannot store the object.
        """
        path = self._path(key)
        content_type = content_type or _guessed(key)
        # A folder stores no attributes.
        attributes: Attributes | None = (
            None if self._place.folder else {"Content-Type": content_type}
        )
        result, size = await send(self._store, path, parts_of(content), attributes)
        return StoredObject(key=key, size=size, etag=result["e_tag"], content_type=content_type)

    async def open(self, key: str) -> OpenObject:
        """Open an object for reading.

        Args:
            key: Key of the object.

        Raises:
            InvalidKey: If the key is invalid.
            ObjectMissing: If there is no such object.
            StorageUnavailable: If the storage cannot be reached, or returns an error.
        """
        path = self._path(key)
        async with storage_request(key):
            result = await obstore.get_async(self._store, path)
        stored = _stored(key, result.meta, result.attributes.get("Content-Type"))
        return OpenObject(stored, result.stream(min_chunk_size=CHUNK_BYTES))

    async def head(self, key: str) -> StoredObject:
        """Look up the metadata of an object.

        Args:
            key: Key of the object.

        Raises:
            InvalidKey: If the key is invalid.
            ObjectMissing: If there is no such object.
            StorageUnavailable: If the storage cannot be reached, or returns an error.
        """
        path = self._path(key)
        try:
            async with storage_request(key):
                result = await obstore.get_async(self._store, path, options={"head": True})
        except ObjectMissing:
            # The response does not tell a missing object from a missing bucket.
            await self.check()
            raise
        return _stored(key, result.meta, result.attributes.get("Content-Type"))

    async def delete(self, key: str) -> None:
        """Delete an object, if it exists.

        Args:
            key: Key of the object.

        Raises:
            InvalidKey: If the key is invalid.
            StorageUnavailable: If the storage cannot be reached, or returns an error.
        """
        path = self._path(key)
        try:
            async with storage_request(key):
                await obstore.delete_async(self._store, path)
        except ObjectMissing:
            return

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """List all objects below a prefix, in no particular order.

        Args:
            prefix: First segments of their keys; by default, list all objects.

        Raises:
            InvalidKey: If the prefix is invalid.
            StorageUnavailable: If the storage cannot be reached, or returns an error.
        """
        below = self._path(prefix.removesuffix("/")) if prefix else self._place.prefix
        async for found in with_timeout(obstore.list(self._store, below)):
            for meta in found:
                yield StoredObject(
                    key=meta["path"].removeprefix(self._place.prefix),
                    size=meta["size"],
                    etag=meta["e_tag"],
                    modified=meta["last_modified"],
                )

    async def url(
        self, key: str, *, method: Literal["GET", "PUT"] = "GET", seconds: int = 300
    ) -> str:
        """Create a presigned URL, which allows one request without credentials.

        Args:
            key: Key of the object, which need not exist.
            method: Allowed method.
            seconds: How long the URL is valid, at most a week.

        Raises:
            InvalidKey: If the key is invalid.
            NoPresignedUrl: If the storage is a folder.
            ValueError: If `seconds` is out of range.
        """
        path = self._path(key)
        if not 1 <= seconds <= URL_SECONDS_LIMIT:
            raise ValueError(f"A presigned URL is valid for 1 to {URL_SECONDS_LIMIT} seconds.")
        if isinstance(self._store, LocalStore):
            raise NoPresignedUrl
        async with storage_request(key):
            return await obstore.sign_async(self._store, method, path, timedelta(seconds=seconds))

    async def check(self) -> None:
        """Send a request to the storage; raises if it fails or access is denied."""
        if self._place.folder:
            with converted_errors():
                await asyncio.to_thread(_check_folder, self._place.folder)
            return
        try:
            async with storage_request():
                await obstore.get_async(self._store, self._path(_MISSING_KEY))
        except ObjectMissing:
            # The bucket exists and is readable.
            return

    def _path(self, key: str) -> str:
        return f"{self._place.prefix}{checked(key)}"


def _check_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError


def _stored(key: str, meta: ObjectMeta, content_type: str | None) -> StoredObject:
    return StoredObject(
        key=key,
        size=meta["size"],
        etag=meta["e_tag"],
        content_type=content_type or _guessed(key),
        modified=meta["last_modified"],
    )


def _guessed(key: str) -> str:
    return mimetypes.guess_type(key)[0] or UNKNOWN_TYPE
