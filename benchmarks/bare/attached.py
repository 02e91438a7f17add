"""The same application with the database and the broker that the generated one has."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from saq import Queue
from sqlalchemy.ext.asyncio import create_async_engine
from web import live  # type: ignore[import-not-found]


@asynccontextmanager
async def attached(app: Litestar) -> AsyncIterator[None]:
    """Open the database and the broker, which handlers would use."""
    address = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(address, pool_pre_ping=True)
    queue = Queue.from_url(os.environ["REDIS_URL"])
    app.state.update(engine=engine, queue=queue)
    yield
    await queue.disconnect()
    await engine.dispose()


app = Litestar([live], lifespan=[attached])
