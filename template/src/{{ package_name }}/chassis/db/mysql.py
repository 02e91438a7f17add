"""MySQL and MariaDB, through asyncmy."""

import logging
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from asyncmy.errors import MySQLError
from sqlalchemy import Connection, make_url, text
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from ..settings import ChassisSettings
from .redaction import without_values

# Column type of a point in time, with microseconds.
Moment = DATETIME(fsp=6)

LOCK_SECONDS = 600
_MIGRATION_LOCK = "migrations"
# Duplicate key, referenced row, missing referenced row.
_CONFLICTS = {1062, 1451, 1452}
# Number out of range, invalid value, text too long; NOT NULL and CHECK violations.
_DATA = {1264, 1366, 1406, 1048, 1364, 3819, 4025}
# No connection, too many connections, shutdown; a full disk or table, no memory; deadlock, and
# timeouts of locks and statements; a server that is read-only.
_TEMPORARY = {
    *(1040, 1041, 1053, 1158, 1159, 1160, 1161, 1203, 2002, 2003, 2006, 2013, 2055),
    *(1021, 1037, 1038, 1114),
    *(1205, 1213, 1317, 1969, 3024),
    *(1290, 1836),
}
# A table and a column that do not exist.
_UNDEFINED = {1146, 1054}
# Errors whose messages quote only names: of columns that must not be null, are unknown, out of
# range, without a default or too short, and of unknown tables.
_NAMING = {1048, 1054, 1146, 1264, 1364, 1406}
# SIGNAL in a trigger or procedure, which can have any text.
_SIGNAL = 1644
# Names at the end of a message, after the value.
_TARGET = re.compile(r" for (key '[^']+'|column \S+ at row \d+)$")


def engine_url(url: str) -> URL:
    """Set the driver in an address such as `mysql://user@host/name`."""
    address = make_url(url).set(drivername="mysql+asyncmy")
    return address.difference_update_query(["ssl-mode"]).update_query_dict({"charset": "utf8mb4"})


def engine_options(settings: ChassisSettings) -> dict[str, Any]:
    """Engine options for this database."""
    options = make_url(settings.database_url.get_secret_value()).query
    context = _tls_context(str(options.get("ssl-mode", "")), options)
    connect: dict[str, Any] = {"ssl": context} if context else {}
    if settings.database_statement_seconds:
        connect["read_timeout"] = settings.database_statement_seconds
    return {
        "pool_size": settings.database_pool_size,
        "max_overflow": 0,
        # The server closes connections that are idle for wait_timeout, eight hours by default.
        "pool_recycle": 3600,
        "connect_args": connect,
    }


def _tls_context(mode: str, options: Mapping[str, Any]) -> ssl.SSLContext | None:
    """How a connection is encrypted, for a mode of MySQL's own clients; None for the default."""
    if mode not in ("REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"):
        return None
    context = ssl.create_default_context(cafile=options.get("ssl_ca"))
    context.check_hostname = mode == "VERIFY_IDENTITY"
    if mode == "REQUIRED":
        context.verify_mode = ssl.CERT_NONE
    if "ssl_cert" in options:
        context.load_cert_chain(options["ssl_cert"], options.get("ssl_key"))
    return context


def prepare(engine: AsyncEngine) -> None:
    """Do nothing: connections need no preparation."""


def is_conflict(error: BaseException) -> bool:
    """Whether a driver's error is a conflict with stored rows."""
    return bool(error.args) and error.args[0] in _CONFLICTS


def is_unstorable(error: BaseException | None) -> bool:
    """Whether a driver's error says that a value does not fit its column."""
    return error is not None and bool(error.args) and error.args[0] in _DATA


def is_temporary(error: BaseException | None) -> bool:
    """Whether a driver's error is about the state of the server, so that a retry may succeed."""
    return error is not None and bool(error.args) and error.args[0] in _TEMPORARY


def is_undefined(error: BaseException | None) -> bool:
    """Whether a driver's error says that a table or a column does not exist."""
    return error is not None and bool(error.args) and error.args[0] in _UNDEFINED


def redact(error: BaseException, _statement: str) -> bool:
    """Remove values from a driver's error.

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
    # The driver interpolates parameters, so that any part of the statement may be a value.
    short, target = without_values(message), _TARGET.search(message)
    return f"{short}{target[0]}" if target and short != message else short


class _Redacted(logging.Filter):
    """Removes values from the server's warnings, which the driver logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _without_values(record.getMessage()), ()
        return True


@contextmanager
def migration_lock(connection: Connection) -> Iterator[None]:
    """Lock migrations, so that only one process at a time runs them.

    Raises:
        RuntimeError: If another process holds the lock for ten minutes.
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
