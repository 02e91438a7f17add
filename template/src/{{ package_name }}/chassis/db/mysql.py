"""MySQL and MariaDB, through asyncmy."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asyncmy.errors import MySQLError
from sqlalchemy import Connection, make_url, text
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from ..settings import ChassisSettings
from .redaction import without_values

# Column type of a moment in time; without the option, its fractions of a second are lost.
Moment = DATETIME(fsp=6)

LOCK_SECONDS = 600
_MIGRATION_LOCK = "migrations"
# Duplicate key, row that others refer to, reference to a row that is not there.
_CONFLICTS = {1062, 1451, 1452}
# Number out of range, value that means nothing, text that is too long.
_DATA = {1264, 1366, 1406}
# Errors whose messages quote names alone: of columns that must not be null, are unknown, out of
# range, without a default or too short, and of unknown tables.
_NAMING = {1048, 1054, 1146, 1264, 1364, 1406}
# What triggers and procedures raise by SIGNAL, whose text can be anything.
_SIGNAL = 1644
# Names at the end of a message, behind the value.
_TARGET = re.compile(r" for (key '[^']+'|column \S+ at row \d+)$")


def engine_url(url: str) -> URL:
    """Give the driver to an address such as `mysql://user@host/name`."""
    return make_url(url).set(drivername="mysql+asyncmy").update_query_dict({"charset": "utf8mb4"})


def engine_options(settings: ChassisSettings) -> dict[str, Any]:
    """Options of the engine that depend on this database."""
    # The server closes connections that have been idle for wait_timeout, eight hours by default.
    return {"pool_size": settings.database_pool_size, "pool_recycle": 3600}


def prepare(engine: AsyncEngine) -> None:
    """Nothing to prepare: connections are right as they come."""


def is_conflict(error: BaseException) -> bool:
    """Whether a driver's error says that stored rows stand against the statement."""
    return bool(error.args) and error.args[0] in _CONFLICTS


def is_unstorable(error: BaseException | None) -> bool:
    """Whether a driver's error says that a value cannot be stored, such as a text too long."""
    return error is not None and bool(error.args) and error.args[0] in _DATA


def redact(error: BaseException, _statement: str) -> bool:
    """Take the values out of a driver's error.

    Args:
        error: The error.

    Returns:
        Whether it is a driver's error.
    """
    if not isinstance(error, MySQLError):
        return False
    if len(error.args) > 1 and error.args[0] not in _NAMING:
        code, message = error.args[0], str(error.args[1])
        if code == _SIGNAL:
            error.args = (code, "trigger or procedure failed")
        else:
            error.args = (code, _without_values(message))
    return True


def _without_values(message: str) -> str:
    # The driver writes parameters into the statement, so that even a part of it may be a value.
    short, target = without_values(message), _TARGET.search(message)
    return f"{short}{target[0]}" if target and short != message else short


class _Redacted(logging.Filter):
    """Takes the values out of the server's warnings, which the driver logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _without_values(record.getMessage()), ()
        return True


@contextmanager
def migration_lock(connection: Connection) -> Iterator[None]:
    """Let one process at a time migrate; others wait for it and then find nothing to do.

    Raises:
        RuntimeError: When another process has held the lock for ten minutes.
    """
    parameters = {"name": _MIGRATION_LOCK, "seconds": LOCK_SECONDS}
    taken = connection.scalar(
        text("SELECT GET_LOCK(CONCAT(DATABASE(), '.', :name), :seconds)"), parameters
    )
    connection.commit()
    if taken != 1:
        raise RuntimeError(f"another migration has been running for {LOCK_SECONDS} s")
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(
            text("SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.', :name))"), {"name": _MIGRATION_LOCK}
        )
        connection.commit()


logging.getLogger("asyncmy").addFilter(_Redacted())
