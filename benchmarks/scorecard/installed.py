"""The PostgreSQL that is installed on this machine, which has more extensions than the wheel."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_USER = "postgres"
_FOLDERS = "/usr/lib/postgresql"
# What projects ask for and the wheel does not have.
_EXTENSION = "uuid-ossp.control"


@dataclass(frozen=True, slots=True)
class Installed:
    """A running server.

    Attributes:
        programs: Folder of its programs.
        sockets: Folder of its socket.
    """

    programs: Path
    sockets: Path

    def get_uri(self) -> str:
        """Its address."""
        return f"postgresql://{_USER}:@/postgres?host={self.sockets}"

    def psql(self, command: str) -> str:
        """Run SQL.

        Args:
            command: The SQL.
        """
        arguments: list[str | Path] = [
            self.programs / "psql",
            "-h",
            self.sockets,
            "-U",
            _USER,
            "-qc",
        ]
        arguments.append(command)
        return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


def programs() -> Path | None:
    """Folder of the programs of the newest installed server with the usual extensions."""
    for folder in sorted(Path(_FOLDERS).glob("*/bin"), reverse=True):
        extensions = Path("/usr/share/postgresql") / folder.parent.name / "extension"
        if (folder / "initdb").exists() and (extensions / _EXTENSION).exists():
            return folder
    return None


@contextmanager
def installed(folder: Path, found: Path) -> Iterator[Installed]:
    """Run it until the context ends.

    Args:
        folder: A new folder for its data.
        found: Folder of its programs.
    """
    folder.mkdir(parents=True)
    if not os.getuid():
        # PostgreSQL refuses to run as root.
        shutil.chown(folder, _USER)
        for parent in folder.parents[:2]:
            parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "data"
    _run([found / "initdb", "-D", data, "-U", _USER, "--auth=trust", "--encoding=UTF8", "-N"])
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    control: list[str | Path] = [found / "pg_ctl", "-D", data, "-w", "-s"]
    _run([*control, "-l", folder / "log", "-o", options, "start"])
    try:
        yield Installed(found, folder)
    finally:
        _run([*control, "-m", "immediate", "stop"])


def _run(command: Sequence[str | Path]) -> None:
    user = None if os.getuid() else _USER
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=user, cwd="/")
