"""The object storage in the runtime."""

from contextlib import AsyncExitStack

from ..part import RuntimePart
from .storage import Storage


class StoragePart(RuntimePart):
    """Opens the object storage."""

    storage: Storage

    async def attach(self, stack: AsyncExitStack) -> None:
        """Open the storage without connecting to it."""
        await super().attach(stack)
        self.storage = Storage.of(self.settings)
        self.checks["storage"] = self.storage.check
