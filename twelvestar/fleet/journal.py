"""The journal: the state of the fleet between commands, in SQLite.

Git and the forges are the source of truth. Without this file, only time and the history of reports
are lost.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import Problem
from .states import State

_FORM = 1
# Seconds to wait for another program that has the database open.
_PATIENCE = 30
_SCHEMA = """
CREATE TABLE service (
    key TEXT PRIMARY KEY,
    about TEXT NOT NULL
);
CREATE TABLE line (
    key TEXT NOT NULL REFERENCES service (key),
    release TEXT NOT NULL,
    state TEXT NOT NULL,
    first TEXT NOT NULL,
    last TEXT NOT NULL,
    about TEXT NOT NULL,
    PRIMARY KEY (key, release)
);
CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    key TEXT NOT NULL,
    release TEXT NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL
);
CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Line:
    """The state of a service for one release.

    Attributes:
        key: The service.
        release: The release.
        state: Its state.
        first: When it was first seen.
        last: When this was written.
        about: Other data: see `tasks.Outcome`.
    """

    key: str
    release: str
    state: State
    first: datetime
    last: datetime
    about: dict[str, Any]


class Journal:
    """The journal; only one process writes to it at a time.

    Args:
        path: Its file.

    Raises:
        Problem: When it is not a journal, or was written by a later version of this command.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._usable():
            self._base = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)
            try:
                self._base.execute("PRAGMA journal_mode = WAL")
                self._base.execute("PRAGMA synchronous = FULL")
                form = self._base.execute("PRAGMA user_version").fetchone()[0]
                if form == 0:
                    version = f"PRAGMA user_version = {_FORM};"
                    self._base.executescript(f"BEGIN; {_SCHEMA} {version} COMMIT;")
            except BaseException:
                self._base.close()
                raise
        if form > _FORM:
            self._base.close()
            raise Problem(
                f"The journal {path} was written by a newer twelvestar: upgrade this one."
            )

    def close(self) -> None:
        """Close it."""
        self._base.close()

    def write(self, key: str, release: str, state: State, about: dict[str, Any]) -> None:
        """Write the state of a service.

        Args:
            key: The service.
            release: The release.
            state: Its state.
            about: Other data, which is merged with existing data.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        known = self.line(key, release)
        about = {**(known.about if known else {}), **about}
        why = str(about.get("why", ""))
        with self._transaction():
            self._base.execute(
                "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "state = excluded.state, last = excluded.last, about = excluded.about",
                (key, release, state, now, now, json.dumps(about)),
            )
            if known is None or (known.state, known.about.get("why", "")) != (state, why):
                self._base.execute(
                    "INSERT INTO event (at, key, release, state, why) VALUES (?, ?, ?, ?, ?)",
                    (now, key, release, state, why),
                )

    def found(self, services: dict[str, dict[str, Any]]) -> None:
        """Store the list of services; services no longer found stay only in the history.

        Args:
            services: Data about each, by key.
        """
        with self._transaction():
            self._base.execute("UPDATE service SET about = json_set(about, '$.gone', json('true'))")
            self._base.executemany(
                "INSERT INTO service VALUES (?, ?) "
                "ON CONFLICT DO UPDATE SET about = excluded.about",
                [(key, json.dumps(about)) for key, about in services.items()],
            )

    def services(self) -> dict[str, dict[str, Any]]:
        """The services that were last found, by key."""
        with self._usable():
            rows = self._base.execute("SELECT key, about FROM service ORDER BY key")
            services = {key: json.loads(about) for key, about in rows}
        return {key: about for key, about in services.items() if not about.get("gone")}

    def line(self, key: str, release: str) -> Line | None:
        """The state of a service for a release.

        Args:
            key: The service.
            release: The release.
        """
        found = self._lines("WHERE key = ? AND release = ?", key, release)
        return found[0] if found else None

    def lines(self, release: str) -> list[Line]:
        """The states of all services for a release.

        Args:
            release: The release.
        """
        return self._lines("WHERE release = ? ORDER BY key", release)

    def releases(self) -> list[str]:
        """The releases in the journal."""
        with self._usable():
            return [row[0] for row in self._base.execute("SELECT DISTINCT release FROM line")]

    def history(self, key: str) -> list[Line]:
        """The states of a service for all releases.

        Args:
            key: The service.
        """
        return self._lines("WHERE key = ?", key)

    def remember(self, name: str, value: Any) -> None:
        """Store a value about the whole fleet.

        Args:
            name: Its name.
            value: A JSON value.
        """
        self._base.execute(
            "INSERT INTO fact VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def fact(self, name: str) -> Any:
        """A stored value; None if there is none.

        Args:
            name: Its name.
        """
        row = self._base.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def _lines(self, condition: str, *values: str) -> list[Line]:
        query = f"SELECT key, release, state, first, last, about FROM line {condition}"
        with self._usable():
            return [
                Line(
                    key,
                    release,
                    State(state),
                    datetime.fromisoformat(first),
                    datetime.fromisoformat(last),
                    json.loads(about),
                )
                for key, release, state, first, last, about in self._base.execute(query, values)
            ]

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Convert errors of a broken journal to a Problem."""
        try:
            yield
        # Invalid JSON and unknown states raise ValueError.
        except (sqlite3.Error, ValueError) as error:
            raise Problem(
                f"The journal {self.path} cannot be used ({error}): fix that, or move the file "
                "away. Services and pull requests are found again without it."
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._base.execute("BEGIN IMMEDIATE")
            yield
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise Problem(f"The journal {self.path} could not be written: {error}", 4) from error
        except BaseException:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise


@contextmanager
def only_command(state: Path) -> Iterator[None]:
    """Lock the state folder against other commands that change something.

    Args:
        state: The folder.

    Raises:
        Problem: When another command is running.
    """
    try:
        file = (state / "lock").open("a+")
    except OSError as error:
        raise Problem(
            f"The state folder {state} cannot be written ({error.strerror}): use another one "
            "with --state."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Problem(
                f"Another command is using {state}: wait until it ends, or use another folder "
                "with --state."
            ) from error
        yield
