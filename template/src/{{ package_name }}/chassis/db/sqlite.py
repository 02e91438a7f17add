"""SQLite, through aiosqlite."""

import fcntl
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from ..settings import ChassisSettings
from .redaction import without_values

# Column type of a point in time.
Moment = DateTime(timezone=True)

BUSY_SECONDS = 10
_CONFLICTS = ("UNIQUE constraint failed", "FOREIGN KEY constraint failed")
_UNSTORABLE = ("NOT NULL constraint failed", "CHECK constraint failed")
_UNDEFINED = ("no such table", "no such column")
# Beginnings of the names of errors about the file: locked, full, read-only or unreadable.
_TEMPORARY = tuple(
    f"SQLITE_{name}" for name in ("BUSY", "LOCKED", "FULL", "READONLY", "IOERR", "CANTOPEN")
)
# Execution option of connections that only read.
READS = "sqlite_reads"


def engine_url(url: str) -> URL:
    """Set the driver in an address such as `sqlite:///orders.db`."""
    return make_url(url).set(drivername="sqlite+aiosqlite")


def engine_options(settings: ChassisSettings) -> dict[str, Any]:
    """Engine options for this database."""
    return {"connect_args": {"timeout": BUSY_SECONDS}}


def prepare(engine: AsyncEngine) -> None:
    """Set up each connection: foreign keys, write-ahead log and explicit transactions.

    The driver does not begin a transaction before DDL, so that a failed migration would be applied
    in part. See "Serializable isolation" in SQLAlchemy's documentation of SQLite.
    """

    def connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()

    def begin(connection: Connection) -> None:
        # Take the write lock at the beginning: upgrading a read lock later fails if another
        # transaction has written. Those that only read must not wait for it.
        reads = connection.get_execution_options().get(READS)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", connect)
    event.listen(engine.sync_engine, "begin", begin)


def is_conflict(error: BaseException) -> bool:
    """Whether a driver's error is a conflict with stored rows."""
    return str(error).startswith(_CONFLICTS)


def is_unstorable(error: BaseException | None) -> bool:
    """Whether a driver's error says that a value is missing or not allowed."""
    return str(error).startswith(_UNSTORABLE)


def is_temporary(error: BaseException | None) -> bool:
    """Whether a driver's error is about the state of the file, so that a retry may succeed."""
    return str(getattr(error, "sqlite_errorname", "")).startswith(_TEMPORARY)


def is_undefined(error: BaseException | None) -> bool:
    """Whether a driver's error says that a table or a column does not exist."""
    return str(error).startswith(_UNDEFINED)


def redact(error: BaseException, statement: str) -> bool:
    """Remove values from a driver's error.

    Args:
        error: The error.
        statement: The SQL statement, without its parameters.

    Returns:
        Whether it is a driver's error.
    """
    if not isinstance(error, sqlite3.Error):
        return False
    kind = getattr(error, "sqlite_errorname", None)
    if kind == "SQLITE_CONSTRAINT_TRIGGER":
        # A trigger's message can have any text.
        error.args = ("trigger failed",)
    elif kind is not None and not kind.startswith("SQLITE_CONSTRAINT"):
        error.args = (without_values(str(error), statement, "syntax error"),)
    return True


@contextmanager
def migration_lock(connection: Connection) -> Iterator[None]:
    """Lock migrations, so that only one process at a time runs them.

    A file beside the database is locked, because SQLite's own lock ends with each migration.

    Args:
        connection: Connection that will run the migrations.
    """
    [(_, _, file), *_] = connection.exec_driver_sql("PRAGMA database_list").all()
    connection.rollback()
    if not file:
        # The database is in memory.
        yield
        return
    with Path(f"{file}-migrations").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# Its debug messages contain the parameters of statements.
logging.getLogger("aiosqlite").setLevel(logging.INFO)
