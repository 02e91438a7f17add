"""MariaDB from the operating system's packages, since there is no wheel."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .guard import Guard
from .ports import free_port

START_SECONDS = 60
DATABASE = "service"


class NoServer(Exception):
    """MariaDB is not installed."""


@contextmanager
def mariadb(folder: Path, guard: Guard | None = None) -> Iterator[str]:
    """Run a server until the context ends.

    Args:
        folder: Data folder of the server.
        guard: Ends the server if this process is killed.

    Returns:
        Address of its database, for DATABASE_URL.

    Raises:
        NoServer: If MariaDB is not installed.
        TimeoutError: If the server does not start.
    """
    # The server changes its working directory, so that relative paths would not work.
    folder = folder.absolute()
    install, daemon, admin = map(_find, ("mariadb-install-db", "mariadbd", "mariadb-admin"))
    # The server only runs as root with this option.
    user = ["--user=root"] if os.geteuid() == 0 else []
    if not (folder / "mysql").exists():
        folder.mkdir(parents=True, exist_ok=True)
        created = "--auth-root-authentication-method=normal"
        subprocess.run(
            [install, "--no-defaults", f"--datadir={folder}", created, *user],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    # Socket paths are limited to about 100 characters, and the project's path may be longer.
    sockets = Path(tempfile.mkdtemp())
    port = free_port()
    where = [f"--port={port}", "--host=127.0.0.1", "--user=root", "--protocol=tcp"]
    server = subprocess.Popen(
        [
            *(daemon, "--no-defaults", f"--datadir={folder}", f"--socket={sockets}/socket"),
            *("--bind-address=127.0.0.1", f"--port={port}", f"--log-error={folder}/log", *user),
            "--character-set-server=utf8mb4",
        ],
        start_new_session=True,
    )
    if guard:
        guard.watch(server.pid)
    try:
        deadline = time.monotonic() + START_SECONDS
        ping = [admin, "--no-defaults", *where, "--silent", "ping"]
        while subprocess.run(ping, stderr=subprocess.DEVNULL, check=False).returncode:
            if time.monotonic() > deadline or server.poll() is not None:
                raise TimeoutError(f"MariaDB did not start; see {folder}/log")
            time.sleep(0.1)
        # Fails if the database already exists.
        create = [admin, "--no-defaults", *where, "create", DATABASE]
        subprocess.run(create, stderr=subprocess.DEVNULL, check=False)
        yield f"mysql://root@127.0.0.1:{port}/{DATABASE}"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(sockets)


def _find(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise NoServer(f"{name} is not installed: install the MariaDB server, or set DATABASE_URL.")
    return path
