"""Temporary folders: in memory if there is room; those of killed processes are removed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PREFIX = "twelvestar-"
_MEMORY = Path("/dev/shm")
# Each commit of the template needs 5 MB, and a large project much more.
_ENOUGH = 512 * 2**20
_NAME = re.compile(rf"{PREFIX}(\d+)-")
_LOCK = "process.lock"
# A folder without a lock may have just been created.
_YOUNG = 3600

_swept: set[Path] = set()


class Scratch:
    """A temporary folder, removed when the process ends.

    Raises:
        OSError: When it cannot be made.
    """

    def __init__(self) -> None:
        place = _place()
        if place not in _swept:
            _swept.add(place)
            sweep(place)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
        lock = (self.folder / _LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        self._end = weakref.finalize(self, _remove, self.folder, lock, os.getpid())

    def close(self) -> None:
        """Remove the folder."""
        self._end()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Provide a temporary folder for the duration of the context."""
    scratch = Scratch()
    try:
        yield scratch.folder
    finally:
        scratch.close()


def sweep(place: Path) -> None:
    """Remove folders of dead processes.

    Args:
        place: Where such folders are.
    """
    with suppress(OSError):
        for folder in place.iterdir():
            match = _NAME.match(folder.name)
            if match and not _lives(int(match[1])):
                with suppress(OSError):
                    _sweep(folder)


def _place() -> Path:
    chosen = Path(tempfile.gettempdir())
    if os.environ.get("TMPDIR"):
        return chosen
    try:
        room = os.statvfs(_MEMORY)
    except OSError:
        return chosen
    free = room.f_bavail * room.f_frsize
    return _MEMORY if free >= _ENOUGH and os.access(_MEMORY, os.W_OK | os.X_OK) else chosen


def _sweep(folder: Path) -> None:
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        return
    lock = folder / _LOCK
    if not lock.exists():
        if time.time() - folder.stat().st_mtime > _YOUNG:
            shutil.rmtree(folder, ignore_errors=True)
        return
    with lock.open("r+") as held:
        # A process outside this container looks dead, but it holds the lock of its folder.
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove(folder: Path, lock: IO[str], owner: int) -> None:
    lock.close()
    # A process that was forked from the owner must not remove the owner's folder.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
