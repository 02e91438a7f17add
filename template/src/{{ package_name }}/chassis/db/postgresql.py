"""PostgreSQL, through asyncpg."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, DateTime, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from ..settings import ChassisSettings
from .redaction import without_values

# Column type of a moment in time.
Moment = DateTime(timezone=True)

CONNECT_SECONDS = 5
# Identifies this service's migrations among the advisory locks of a database.
_MIGRATION_LOCK = 7_204_118_231
# SQLSTATE of foreign key, unique and exclusion violations.
_CONFLICTS = {"23503", "23505", "23P01"}
# What SQLSTATE of all data exceptions begins with.
_DATA = "22"
# Fields of an error that name parts of the schema.
_NAMES = ("schema_name", "table_name", "column_name", "data_type_name", "constraint_name")
# Function of the server that raises errors of triggers, whose text can be anything.
_RAISE = "exec_stmt_raise"


def engine_url(url: str) -> URL:
    """Give the driver to an address such as `postgresql://user@host/name`."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def engine_options(settings: ChassisSettings) -> dict[str, Any]:
    """Options of the engine that depend on this database."""
    return {
        "pool_size": settings.database_pool_size,
        "connect_args": {"timeout": CONNECT_SECONDS},
    }


def prepare(engine: AsyncEngine) -> None:
    """Nothing to prepare: connections are right as they come."""


def is_conflict(error: BaseException) -> bool:
    """Whether a driver's error says that stored rows stand against the statement."""
    return getattr(error, "sqlstate", None) in _CONFLICTS


def is_unstorable(error: BaseException | None) -> bool:
    """Whether a driver's error says that a value cannot be stored, such as a NUL in a text."""
    return (getattr(error, "sqlstate", None) or "").startswith(_DATA)


def redact(error: BaseException, statement: str) -> bool:
    """Take the values out of a driver's error.

    Args:
        error: The error.
        statement: What was executed, without its parameters.

    Returns:
        Whether it is a driver's error.
    """
    if hasattr(error, "pgcode"):
        # SQLAlchemy's own error repeats the driver's.
        if error.__cause__ is not None:
            error.args = error.__cause__.args
        vars(error).update(detail=None)
        return True
    if not type(error).__module__.startswith("asyncpg."):
        return False
    # Errors without a code are about the use of the connection.
    if hasattr(error, "sqlstate"):
        message = _without_values(error, statement)
        error.args = (message,)
        quoting = dict.fromkeys(("detail", "hint", "context", "internal_query"))
        vars(error).update(quoting, message=message)
    return True


def _without_values(error: BaseException, statement: str) -> str:
    if getattr(error, "server_source_function", None) == _RAISE:
        return "trigger or function failed"
    names = [name for field in _NAMES if (name := getattr(error, field, None))]
    # Data exceptions quote values, which may well begin like a part of the statement.
    known = [] if is_unstorable(error) else [statement, *names]
    return without_values(str(error.args[0]), *known)


@contextmanager
def migration_lock(connection: Connection) -> Iterator[None]:
    """Let one process at a time migrate; others wait for it and then find nothing to do."""
    connection.execute(text("SELECT pg_advisory_lock(:id)"), {"id": _MIGRATION_LOCK})
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:id)"), {"id": _MIGRATION_LOCK})
        connection.commit()
