"""Removal of values from database errors.

Drivers quote values in their messages, and tracebacks are logged, reported and stored. The errors
are changed where they are raised, so that no value reaches any of these. Type, code and the names
of constraints, tables and columns stay, and so do messages of the service's own code. SQLAlchemy
adds the parameters of a statement, unless `hide_parameters` is set.
"""

import re
from collections.abc import Callable, Iterator
from traceback import walk_tb

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

# Text in quotes or after a colon. An apostrophe inside a word does not count.
_QUOTED = re.compile(r""" "([^"]*)"? | (?<!\w)'([^']*)'? | :\ (.*) """, re.DOTALL | re.VERBOSE)

# Removes values from a driver's error, given the statement; returns False for other errors.
Redact = Callable[[BaseException, str], bool]


def redact_errors(engine: AsyncEngine, redact: Redact) -> None:
    """Remove values from all errors of an engine.

    Args:
        engine: The engine.
        redact: Removes values from a driver's error; returns False for other errors.
    """

    def handle(context: ExceptionContext) -> None:
        raised = context.sqlalchemy_exception
        if not isinstance(raised, StatementError):
            return
        statement = context.statement or ""
        # Innermost first, because an outer error repeats the inner message.
        for error in reversed(list(_causes(context.original_exception))):
            if redact(error, statement):
                continue
            if isinstance(error, SQLAlchemyError):
                error.args = (without_values(str(error), statement),)
            elif not _is_own(error):
                error.args = ()
        kind = type(context.original_exception)
        text = f"({kind.__module__}.{kind.__name__}) {context.original_exception}"
        raised.args = (text.rstrip(), *raised.args[1:])

    event.listen(engine.sync_engine, "handle_error", handle)


def without_values(text: str, *known: str) -> str:
    """Cut a message before the first part that may be a value.

    Args:
        text: The message.
        known: The statement and names of the schema; parts of them are not values.
    """
    for found in _QUOTED.finditer(text):
        quoted = next(group for group in found.groups() if group is not None)
        if not any(quoted in each for each in known):
            return f"{text[: found.start()].rstrip()} ..."
    return text


def _is_own(error: BaseException) -> bool:
    """Whether the service itself raised an error, such as in a column type."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    return bool(modules) and modules[-1].partition(".")[0] == __name__.partition(".")[0]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes."""
    while error is not None:
        yield error
        error = error.__cause__
