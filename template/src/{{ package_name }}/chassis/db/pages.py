"""Pages of sorted rows by cursors (keyset pagination).

A cursor names a sort and the place of a row in it, and a page begins after that place. So rows that
are added or deleted in between neither repeat others nor hide them, and the database finds the last
page as fast as the first one.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

import msgspec
from sqlalchemy import Column, ColumnElement, Select, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from .base import UtcDateTime

Row = TypeVar("Row")

# What all databases can compare an integer with.
_INTEGERS = range(-(2**63), 2**63)
_UNREADABLE = (ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


class InvalidPage(ValueError):
    """A client wants a page that does not exist; the message is for the client."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """A page of rows.

    Attributes:
        rows: The rows, in order.
        next: Cursor of the next page; None if there is none.
        prev: Cursor of the previous page; None if there is none.
        last: Cursor of the last page.
    """

    rows: list[Row]
    next: str | None
    prev: str | None
    last: str


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """The place where a page begins, or where it ends if it is read backward.

    The place is a value of the sorted column and a key; None is the start, or the end.
    """

    sort: str
    backward: bool
    place: tuple[Any, Any] | None

    def encode(self) -> str:
        return urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> _Cursor:
        padded = text + "=" * (-len(text) % 4)
        return msgspec.json.decode(b64decode(padded, b"-_", validate=True), type=cls)


class Sorting:
    """The columns that clients may sort rows by; `-` before a name is descending order.

    Rows with equal values are ordered by their key, and rows without a value come last in both
    directions, on every database. A cursor contains values of the sorted column in readable form:
    leave out columns that clients must not see.

    Args:
        key: The primary key.
        columns: Columns to sort by. Each needs an index, which should be of the column and the key
            if many rows have the same value.
        default: Sort of clients that want none, such as `-created_at`.

    Attributes:
        names: All sorts.

    Raises:
        TypeError: If a column has a type of yours without a `python_type`.
    """

    def __init__(
        self,
        key: InstrumentedAttribute[Any],
        *columns: InstrumentedAttribute[Any],
        default: str,
    ) -> None:
        for column in (key, *columns):
            if column.expression.type.python_type is object:
                raise TypeError(f"{column.key}: give its type the property `python_type`")
        self._key = key
        self._columns = {column.key: column for column in columns}
        self.names = [sign + name for name in self._columns for sign in ("", "-")]
        self.default = default

    def order_by(
        self, sort: str | None = None, *, backward: bool = False
    ) -> list[ColumnElement[Any]]:
        """Clauses for ORDER BY.

        Args:
            sort: Name of the sort; None for the default.
            backward: Whether to reverse the order.

        Raises:
            InvalidPage: If there is no such sort.
        """
        column = self._column(sort or self.default)
        descends = self._descends(sort or self.default, backward)
        clauses: list[ColumnElement[Any]] = [
            each.desc() if descends else each.asc() for each in (column, self._key)
        ]
        if _is_nullable(column):
            # Not NULLS LAST, which some databases do not have.
            missing = column.is_(None)
            clauses.insert(0, missing.desc() if backward else missing.asc())
        return clauses

    async def page(
        self,
        session: AsyncSession,
        query: Select[Any],
        *,
        limit: int,
        sort: str | None = None,
        cursor: str | None = None,
        offset: int = 0,
    ) -> Page[Any]:
        """Read a page.

        Args:
            session: The database session.
            query: Query for objects of one model, with its filters and without an order.
            limit: Maximum number of rows.
            sort: Name of the sort; None for that of the cursor, or the default.
            cursor: Cursor of another page; None for the first page.
            offset: Number of rows to skip, instead of a cursor.

        Raises:
            InvalidPage: If there is no such sort, or if the cursor is invalid or of another sort.
        """
        if cursor is not None and offset:
            raise InvalidPage("Send either a cursor or an offset.")
        start = self._read(cursor, sort)
        query = query.order_by(*self.order_by(start.sort, backward=start.backward))
        if start.place is not None:
            query = query.where(self._beyond(start, *start.place))
        # One more row shows whether another page follows.
        found = list(await session.scalars(query.offset(offset or None).limit(limit + 1)))
        rows, is_cut = found[:limit], len(found) > limit
        has_passed = start.place is not None or offset > 0
        if start.backward:
            rows.reverse()
        before, after = (is_cut, has_passed) if start.backward else (has_passed, is_cut)
        return Page(
            rows=rows,
            next=self._cursor(start.sort, rows[-1:], backward=False) if after else None,
            prev=self._cursor(start.sort, rows[:1], backward=True) if before else None,
            last=self._cursor(start.sort, [], backward=True),
        )

    def _column(self, sort: str) -> InstrumentedAttribute[Any]:
        column = self._columns.get(sort.removeprefix("-"))
        if column is None:
            raise InvalidPage(f"Unknown sort: use one of {', '.join(self.names)}.")
        return column

    def _descends(self, sort: str, backward: bool) -> bool:
        return sort.startswith("-") != backward

    def _cursor(self, sort: str, rows: list[Any], *, backward: bool) -> str:
        place = None
        for row in rows:
            place = (getattr(row, self._column(sort).key), getattr(row, self._key.key))
        return _Cursor(sort, backward, place).encode()

    def _read(self, text: str | None, sort: str | None) -> _Cursor:
        if text is None:
            return _Cursor(sort or self.default, False, None)
        try:
            cursor = _Cursor.decode(text)
            column = self._column(cursor.sort)
            if cursor.place is not None:
                value, key = cursor.place
                cursor.place = (_stored(column, value), _stored(self._key, key))
        except _UNREADABLE as error:
            raise InvalidPage("Invalid cursor: use one of a page, as it is.") from error
        if sort not in {None, cursor.sort}:
            raise InvalidPage("The cursor is of another sort: leave out the sort or the cursor.")
        return cursor

    def _beyond(self, start: _Cursor, value: Any, key: Any) -> ColumnElement[bool]:
        """Condition for the rows after a place, or for those before it if read backward."""
        column = self._column(start.sort)
        descends = self._descends(start.sort, start.backward)
        later_key = self._key < key if descends else self._key > key
        if value is None:
            tie = and_(column.is_(None), later_key)
            return or_(column.is_not(None), tie) if start.backward else tie
        later = column < value if descends else column > value
        # For databases that would read the whole index for `later OR ...`.
        bound = column <= value if descends else column >= value
        found = and_(bound, or_(later, later_key))
        if _is_nullable(column) and not start.backward:
            return or_(found, column.is_(None))
        return found


def _is_nullable(attribute: InstrumentedAttribute[Any]) -> bool:
    return bool(cast("Column[Any]", attribute.expression).nullable)


def _stored(attribute: InstrumentedAttribute[Any], value: Any) -> Any:
    """A value of a cursor as the type of its column.

    Raises:
        ValueError: If the column cannot have it.
    """
    column = cast("Column[Any]", attribute.expression)
    if value is None:
        if not column.nullable:
            raise ValueError("a row always has a value")
        return None
    converted = msgspec.convert(value, column.type.python_type)
    if isinstance(converted, int) and converted not in _INTEGERS:
        raise ValueError("no database has this number")
    if isinstance(converted, datetime) and isinstance(column.type, UtcDateTime):
        if converted.tzinfo is None:
            raise ValueError("the time has no time zone")
        return converted.astimezone(UTC)
    return converted
