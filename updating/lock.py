"""One update of a project at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TextIO

from .errors import UpdateError
from .plan import FOLDER


@contextmanager
def only_update(folder: Path, prefix: str) -> Iterator[None]:
    """Prevent other updates of a project; the lock ends with its process.

    Args:
        folder: The git folder.
        prefix: The project's folder in it.

    Raises:
        UpdateError: When another update of the project is running.
    """
    name = sha256(os.fsencode(prefix)).hexdigest()[:12] if prefix else "project"
    with _opened(folder, name) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise UpdateError(
                f"Another update of this project is running (process {lock.read() or 'unknown'}): "
                "wait until it ends, and update again."
            ) from error
        # On a full disk, the process id is not written.
        with suppress(OSError):
            os.truncate(lock.fileno(), 0)
            os.write(lock.fileno(), str(os.getpid()).encode())
        yield


@contextmanager
def only_plan(folder: Path) -> Iterator[None]:
    """Wait until no other project of the repository is being written, and make others wait.

    Args:
        folder: The git folder.

    Raises:
        UpdateError: When the folder cannot be written to.
    """
    with _opened(folder, "plan") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _opened(folder: Path, name: str) -> TextIO:
    place = folder / FOLDER
    try:
        place.mkdir(exist_ok=True)
        return (place / f"{name}.lock").open("a+")
    except OSError as error:
        raise UpdateError(
            f"{error.filename} cannot be written ({error.strerror}): fix its permissions, and "
            "update again."
        ) from error
