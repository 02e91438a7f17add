"""SQLite, through aiosqlite."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, DateTime, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from ..settings import ChassisSettings
from .redaction import without_values

# Column type of a moment in time.
Moment = DateTime(timezone=True)

BUSY_SECONDS = 10
_CONFLICTS = ("UNIQUE constraint failed", "FOREIGN KEY constraint failed")


def engine_url(url: str) -> URL:
    """Give the driver to an address such as `sqlite:///orders.db`."""
    return make_url(url).set(drivername="sqlite+aiosqlite")


def engine_options(settings: ChassisSettings) -> dict[str, Any]:
    """Options of the engine that depend on this database."""
    return {"connect_args": {"timeout": BUSY_SECONDS}}


def prepare(engine: AsyncEngine) -> None:
    """Make each connection check references, wait for others and begin transactions itself.

    The driver begins no transaction before DDL, so that a failed migration would leave half of
    itself behind. See "Serializable isolation" in SQLAlchemy's page on SQLite.
    """

    def connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()

    def begin(connection: Connection) -> None:
        # Taking the write lock at once lets writers take turns; taking it half-way makes one fail.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", connect)
    event.listen(engine.sync_engine, "begin", begin)


def is_conflict(error: BaseException) -> bool:
    """Whether a driver's error says that stored rows stand against the statement."""
    return str(error).startswith(_CONFLICTS)


def redact(error: BaseException, statement: str) -> bool:
    """Take the values out of a driver's error.

    Args:
        error: The error.
        statement: What was executed, without its parameters.

    Returns:
        Whether it is a driver's error.
    """
    if not isinstance(error, sqlite3.Error):
        return False
    kind = getattr(error, "sqlite_errorname", None)
    if kind == "SQLITE_CONSTRAINT_TRIGGER":
        # The text is the trigger's own, and can be anything.
        error.args = ("trigger failed",)
    elif kind is not None and not kind.startswith("SQLITE_CONSTRAINT"):
        error.args = (without_values(str(error), statement, "syntax error"),)
    return True


@contextmanager
def migration_lock(connection: Connection) -> Iterator[None]:
    """Hold the database's only write lock, which each transaction takes when it begins."""
    yield


# Its debug lines hold the parameters of statements.
logging.getLogger("aiosqlite").setLevel(logging.INFO)
