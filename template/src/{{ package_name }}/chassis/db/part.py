"""The database in the runtime."""

from contextlib import AsyncExitStack

from ..part import RuntimePart
from .engine import Database


class DatabasePart(RuntimePart):
    """Opens the database."""

    database: Database

    async def attach(self, stack: AsyncExitStack) -> None:
        """Open the database without connecting to it."""
        await super().attach(stack)
        self.database = await stack.enter_async_context(Database.open(self.settings))
        self.checks["database"] = self.database.check
