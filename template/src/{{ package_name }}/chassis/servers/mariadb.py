"""MariaDB, from the machine's own packages: no wheel carries one."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .ports import free_port

START_SECONDS = 60
DATABASE = "service"


class NoServer(Exception):
    """There is no MariaDB on this machine."""


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """Run a server for as long as the context lasts.

    Args:
        folder: Where it keeps its data.

    Returns:
        Address of its database, for DATABASE_URL.

    Raises:
        NoServer: When MariaDB is not installed.
        TimeoutError: When the server does not start.
    """
    # The server changes into its data, where a relative path would lead elsewhere.
    folder = folder.absolute()
    install, daemon, admin = map(_find, ("mariadb-install-db", "mariadbd", "mariadb-admin"))
    # The server refuses to run as root unless it is told to.
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
    # The path of a socket is bounded to about a hundred characters; a project's is not.
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
    try:
        deadline = time.monotonic() + START_SECONDS
        ping = [admin, "--no-defaults", *where, "--silent", "ping"]
        while subprocess.run(ping, stderr=subprocess.DEVNULL, check=False).returncode:
            if time.monotonic() > deadline or server.poll() is not None:
                raise TimeoutError(f"MariaDB did not start; see {folder}/log")
            time.sleep(0.1)
        # Fails when the database is there from the time before.
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
        raise NoServer(
            f"There is no {name} here: install MariaDB's server, or set DATABASE_URL to one."
        )
    return path
