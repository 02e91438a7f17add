"""Git's lock of the index, which prevents other git commands from committing."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from updating.moving import move
from updating.obstacles import InTheWay

MINE = b"An update from Twelvestar is writing.\n"
# Editors lock the index for a moment to refresh it.
SECONDS = 10.0


class IndexLock:
    """The lock of one index. Its content identifies it even after its process was killed.

    Args:
        folder: The git folder.
        scratch: A folder on the same file system.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.path = folder / "index.lock"
        self._draft = scratch / "index.mine"

    def acquire(self, *, steal: bool = False) -> bool:
        """Lock the index; wait some time for other git commands.

        Args:
            steal: Whether to take over another command's lock, because that was killed.

        Returns:
            Whether it is locked.

        Raises:
            OSError: When the lock cannot be written.
        """
        deadline = time.monotonic() + SECONDS
        self._draft.write_bytes(MINE)
        while True:
            try:
                # Written atomically, because its content identifies it.
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
        """Unlock the index, if this lock holds it."""
        if self._is_mine():
            self.path.unlink()

    def _is_mine(self) -> bool:
        with suppress(OSError):
            return self.path.read_bytes() == MINE
        return False
