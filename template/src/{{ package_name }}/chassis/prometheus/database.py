"""Metrics of the database's connection pool."""

from typing import Any

from prometheus_client import Gauge
from sqlalchemy import QueuePool, event
from sqlalchemy.ext.asyncio import AsyncEngine

_size = Gauge(
    "database_pool_size",
    "Size of the connection pool.",
    multiprocess_mode="livesum",
)
_open = Gauge(
    "database_connections_open",
    "Open connections.",
    multiprocess_mode="livesum",
)
_in_use = Gauge(
    "database_connections_in_use",
    "Connections checked out of the pool.",
    multiprocess_mode="livesum",
)


def watch_pool(engine: AsyncEngine) -> None:
    """Update the metrics of an engine's connection pool.

    Args:
        engine: An engine without connections so far.
    """
    pool = engine.sync_engine.pool
    if not isinstance(pool, QueuePool):
        return
    _size.set(pool.size())
    # Sets instead of counters, because a failed connection is checked in without being checked out.
    opened: set[Any] = set()
    in_use: set[Any] = set()

    def connect(_connection: Any, record: Any) -> None:
        opened.add(record)
        _open.set(len(opened))

    def checkout(_connection: Any, record: Any, _proxy: Any) -> None:
        in_use.add(record)
        _in_use.set(len(in_use))

    def checkin(_connection: Any, record: Any) -> None:
        in_use.discard(record)
        _in_use.set(len(in_use))

    def close(connection: Any, record: Any) -> None:
        opened.discard(record)
        _open.set(len(opened))
        checkin(connection, record)

    event.listen(engine.sync_engine, "connect", connect)
    event.listen(engine.sync_engine, "checkout", checkout)
    event.listen(engine.sync_engine, "checkin", checkin)
    event.listen(engine.sync_engine, "close", close)
    event.listen(engine.sync_engine, "detach", close)
