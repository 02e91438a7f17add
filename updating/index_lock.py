"""Git's own lock of the index, by which it keeps other git commands from committing."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from updating.moving import move
from updating.obstacles import InTheWay

MINE = b"An update from Twelvestar is writing.\n"
# Editors refresh the index for a moment now and then.
SECONDS = 10.0


class IndexLock:
    """The lock of one index, known by its content even after its process was killed.

    Args:
        folder: The git folder.
        scratch: A folder on the same file system.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.path = folder / "index.lock"
        self._draft = scratch / "index.mine"

    def acquire(self, *, steal: bool = False) -> bool:
        """Lock the index, and wait for other git commands for a while.

        Args:
            steal: Whether the lock of another command is one that was killed.

        Returns:
            Whether it is locked.

        Raises:
            OSError: When the lock cannot be written.
        """
        deadline = time.monotonic() + SECONDS
        self._draft.write_bytes(MINE)
        while True:
            try:
                # Whole or not at all, so that it is known by its content.
                move(self._draft, self.path)
                return True
            except InTheWay:
                if self._is_mine():
                    return True
                if steal:
                    self.path.unlink()
                    continue
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.05)

    def release(self) -> None:
        """Unlock the index, if this is what locks it."""
        if self._is_mine():
            self.path.unlink()

    def _is_mine(self) -> bool:
        with suppress(OSError):
            return self.path.read_bytes() == MINE
        return False
