"""PostgreSQL, through asyncpg."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from sqlalchemy import Connection, DateTime, event, make_url, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from ..settings import ChassisSettings
from .redaction import without_values

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection

# Column type of a point in time.
Moment = DateTime(timezone=True)

CONNECT_SECONDS = 5
# How often a waiting migration tries to get the lock.
LOCK_STEP_SECONDS = 0.2
_OPTION_SECONDS = re.compile(r"[?&]connect_timeout=([1-9]\d*)(?:&|$)")
# What comes before the hosts of an address, the hosts, and what comes after them.
_HOSTS = re.compile(r"(\w+(?:\+\w+)?://(?:[^@]*@)?)([^/?]*)(.*)", re.DOTALL)
# Options of asyncpg and of SQLAlchemy's dialect.
_DRIVER_OPTIONS = {
    *("host", "port", "ssl", "direct_tls", "server_settings", "command_timeout"),
    *("prepared_statement_cache_size", "prepared_statement_name_func"),
}
# Options of libpq that the driver does not have, and that do not change what the server does.
_CLIENT_OPTIONS = {
    *("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval"),
    *("keepalives_count", "tcp_user_timeout", "channel_binding", "gssencmode", "client_encoding"),
    *("sslcompression", "sslsni", "fallback_application_name", "load_balance_hosts"),
}
# Identifies this service's migrations among the advisory locks of a database.
_MIGRATION_LOCK = 7_204_118_231
# SQLSTATE of foreign key, unique and exclusion violations.
_CONFLICTS = {"23503", "23505", "23P01"}
# SQLSTATE class of data exceptions, and codes of NOT NULL and CHECK violations.
_DATA = "22"
_UNSTORABLE = {"23502", "23514"}
# SQLSTATE classes of failed connections, missing resources, intervention and system errors.
_TEMPORARY_CLASSES = {"08", "53", "57", "58"}
# Serialization failure, deadlock, a lock that is taken, and a server that is read-only.
_TEMPORARY = {"40001", "40P01", "55P03", "25006"}
# A table and a column that do not exist.
_UNDEFINED = {"42P01", "42703"}
# Fields of an error that contain names of the schema.
_NAMES = ("schema_name", "table_name", "column_name", "data_type_name", "constraint_name")
# Server function that raises errors of triggers, which can have any text.
_RAISE = "exec_stmt_raise"


def engine_url(url: str) -> URL:
    """Address for SQLAlchemy, which passes its options to the driver.

    Args:
        url: An address as for libpq, such as `postgresql://user@host/name?sslmode=require`, with
            several hosts if you like. It may have options of the driver too.
    """
    start, hosts, rest = _HOSTS.findall(url)[0]
    several = hosts.split(",") if "," in hosts else []
    address = make_url(f"{start}{'' if several else hosts}{rest}")
    options = dict(address.query)
    if several:
        options["host"] = tuple(host if ":" in host else f"{host}:5432" for host in several)
    libpq = {name: options.pop(name) for name in list(options) if name not in _DRIVER_OPTIONS}
    known = {name: value for name, value in libpq.items() if name not in _CLIENT_OPTIONS}
    if known:
        # The driver reads these options only in an address of its own.
        options["dsn"] = f"postgresql://?{urlencode(known)}"
    return address.set(drivername="postgresql+asyncpg", query=options)


def engine_options(settings: ChassisSettings) -> dict[str, Any]:
    """Engine options for this database."""
    seconds = _OPTION_SECONDS.search(settings.database_url.get_secret_value())
    connect: dict[str, Any] = {"timeout": int(seconds[1]) if seconds else CONNECT_SECONDS}
    if settings.database_statement_seconds:
        connect["command_timeout"] = settings.database_statement_seconds
    if not settings.database_prepared_statements:
        # The next transaction can have another session, with the statements of other clients.
        caches = ("statement_cache_size", "prepared_statement_cache_size")
        connect |= dict.fromkeys(caches, 0)
        connect["prepared_statement_name_func"] = lambda: f"_{token_hex(16)}"
    return {"pool_size": settings.database_pool_size, "max_overflow": 0, "connect_args": connect}


def prepare(engine: AsyncEngine) -> None:
    """Close connections on which a statement took too long.

    Args:
        engine: The engine.
    """
    event.listen(engine.sync_engine, "handle_error", _close_silent)
    dialect = engine.dialect
    ping = dialect.do_ping

    def ping_in_time(connection: DBAPIConnection) -> bool:
        try:
            return ping(connection)
        except TimeoutError:
            # The pool replaces a closed connection, and expects no other errors than the driver's.
            cast("AsyncAdapt_asyncpg_connection", connection).terminate()
            return False

    dialect.do_ping = ping_in_time  # type: ignore[assignment,method-assign]


def _close_silent(context: ExceptionContext) -> None:
    # The driver has asked the server to cancel the statement, and would wait for its response,
    # also before the next statement.
    if isinstance(error := context.original_exception, TimeoutError):
        context.is_disconnect = True
        raise OperationalError(context.statement, None, error, connection_invalidated=True)


def is_conflict(error: BaseException) -> bool:
    """Whether a driver's error is a conflict with stored rows."""
    return getattr(error, "sqlstate", None) in _CONFLICTS


def is_unstorable(error: BaseException | None) -> bool:
    """Whether a driver's error says that a value cannot be stored, such as a NUL character."""
    code = getattr(error, "sqlstate", None) or ""
    return code.startswith(_DATA) or code in _UNSTORABLE


def is_temporary(error: BaseException | None) -> bool:
    """Whether a driver's error is about the state of the server, so that a retry may succeed."""
    code = getattr(error, "sqlstate", None) or ""
    return code[:2] in _TEMPORARY_CLASSES or code in _TEMPORARY


def is_undefined(error: BaseException | None) -> bool:
    """Whether a driver's error says that a table or a column does not exist."""
    return getattr(error, "sqlstate", None) in _UNDEFINED


def redact(error: BaseException, statement: str) -> bool:
    """Remove values from a driver's error.

    Args:
        error: The error.
        statement: The SQL statement, without its parameters.

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
    # Errors without a code are about misuse of the connection, and contain no values.
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
    # Data exceptions quote values, which may equal a part of the statement.
    is_about_data = getattr(error, "sqlstate", "").startswith(_DATA)
    known = [] if is_about_data else [statement, *names]
    return without_values(str(error.args[0]), *known)


@contextmanager
def migration_lock(connection: Connection) -> Iterator[None]:
    """Lock migrations, so that only one process at a time runs them.

    A transaction of its own has the lock, because PgBouncer can give each transaction another
    session.

    Args:
        connection: Connection that will run the migrations.
    """
    with connection.engine.connect() as holder:
        while not holder.scalar(text(f"SELECT pg_try_advisory_xact_lock({_MIGRATION_LOCK})")):
            # The server's own wait would have a snapshot, for whose end a concurrent index waits.
            holder.rollback()
            time.sleep(LOCK_STEP_SECONDS)
        holder.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield
