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
from .errors import NoPresignedUrl, ObjectMissing, reaching_the_storage
from .keys import checked
from .objects import OpenObject, StoredObject, answering, answers
from .places import Place, place_of
from .uploads import parts_of, send

if TYPE_CHECKING:
    from pathlib import Path

    from obstore import Attributes, ObjectMeta

# As much as a bucket signs for.
URL_SECONDS_LIMIT = 7 * 24 * 3600
PIECE_BYTES = 256 * 1024

UNKNOWN_TYPE = "application/octet-stream"

# A key that is asked for and never stored.
_NOTHING = "check/nothing"


class Storage:
    """Objects by their keys, in a bucket or in a folder of this machine.

    Args:
        place: Where they are kept.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._store = place.store

    @classmethod
    def of(cls, settings: ChassisSettings) -> Self:
        """Make the storage that the settings name; connections are made when they are needed.

        Args:
            settings: Address and credentials.
        """
        return cls(place_of(settings))

    async def put(
        self,
        key: str,
        content: bytes | AsyncIterable[bytes],
        *,
        content_type: str | None = None,
    ) -> StoredObject:
        """Store an object, in place of the one of that key if there is one.

        It is there in full or not at all: what fails or is cancelled half-way leaves nothing.

        Args:
            key: Its key.
            content: All its bytes, or pieces of any size that are sent on as they come.
            content_type: Its media type; by default what the ending of the key says.

        Raises:
            InvalidKey: When no object can have this key.
            StorageUnavailable: When the storage could not take it.
        """
        path = self._path(key)
        content_type = content_type or _guessed(key)
        # A folder keeps nothing beside an object.
        attributes: Attributes | None = (
            None if self._place.folder else {"Content-Type": content_type}
        )
        result, size = await send(self._store, path, parts_of(content), attributes)
        return StoredObject(key=key, size=size, etag=result["e_tag"], content_type=content_type)

    async def open(self, key: str) -> OpenObject:
        """Begin to read an object.

        Args:
            key: Its key.

        Raises:
            InvalidKey: When no object can have this key.
            ObjectMissing: When there is no such object.
            StorageUnavailable: When the storage gave no good answer.
        """
        path = self._path(key)
        async with answering(key):
            result = await obstore.get_async(self._store, path)
        stored = _stored(key, result.meta, result.attributes.get("Content-Type"))
        return OpenObject(stored, result.stream(min_chunk_size=PIECE_BYTES))

    async def head(self, key: str) -> StoredObject:
        """Look up what is known of an object.

        Args:
            key: Its key.

        Raises:
            InvalidKey: When no object can have this key.
            ObjectMissing: When there is no such object.
            StorageUnavailable: When the storage gave no good answer.
        """
        path = self._path(key)
        try:
            async with answering(key):
                result = await obstore.get_async(self._store, path, options={"head": True})
        except ObjectMissing:
            # The answer does not say whether the object is missing or its bucket.
            await self.check()
            raise
        return _stored(key, result.meta, result.attributes.get("Content-Type"))

    async def delete(self, key: str) -> None:
        """Delete an object; one that is not there is deleted already.

        Args:
            key: Its key.

        Raises:
            InvalidKey: When no object can have this key.
            StorageUnavailable: When the storage gave no good answer.
        """
        path = self._path(key)
        try:
            async with answering(key):
                await obstore.delete_async(self._store, path)
        except ObjectMissing:
            return

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Look up all objects below a prefix, in no order.

        Args:
            prefix: What their keys begin with, in whole segments; by default there is none.

        Raises:
            InvalidKey: When no object can have a key that begins like this.
            StorageUnavailable: When the storage gave no good answer.
        """
        below = self._path(prefix.removesuffix("/")) if prefix else self._place.prefix
        async for found in answers(obstore.list(self._store, below)):
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
        """Make a presigned URL: whoever has it may do this one thing without credentials.

        Args:
            key: Key of the object, which need not be there.
            method: What may be done with it.
            seconds: For how long, at most a week.

        Raises:
            InvalidKey: When no object can have this key.
            NoPresignedUrl: When objects are kept in a folder.
            ValueError: When it would be valid for too long, or for no time.
        """
        path = self._path(key)
        if not 1 <= seconds <= URL_SECONDS_LIMIT:
            raise ValueError(f"A presigned URL is valid for 1 to {URL_SECONDS_LIMIT} seconds.")
        if isinstance(self._store, LocalStore):
            raise NoPresignedUrl
        async with answering(key):
            return await obstore.sign_async(self._store, method, path, timedelta(seconds=seconds))

    async def check(self) -> None:
        """Ask the storage for an answer; raises where there is none, or a refusal."""
        if self._place.folder:
            with reaching_the_storage():
                await asyncio.to_thread(_check_folder, self._place.folder)
            return
        try:
            async with answering():
                await obstore.get_async(self._store, self._path(_NOTHING))
        except ObjectMissing:
            # The bucket is there, and may be read.
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
