"""Moving a file without overwriting another."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from updating.obstacles import InTheWay

# Suffix of a file that is being copied from another file system.
DRAFT = ".twelvestar-draft"


def move(source: Path, target: Path) -> None:
    """Move a file to a path that must not exist.

    Args:
        source: The file.
        target: The path.

    Raises:
        InTheWay: When the path exists.
        OSError: When it cannot be moved.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError as error:
        raise InTheWay(f"{target} was created during the update") from error
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOSPC, errno.EROFS, errno.EACCES):
            raise
        # Another file system, or one without hard links.
        if os.path.lexists(target):
            raise InTheWay(f"{target} was created during the update") from error
        try:
            source.rename(target)
        except OSError as again:
            if again.errno != errno.EXDEV:
                raise
            _copy(source, target)
            source.unlink()
    else:
        source.unlink()


def _copy(source: Path, target: Path) -> None:
    """Copy a file to another file system atomically."""
    draft = target.with_name(DRAFT)
    draft.unlink(missing_ok=True)
    try:
        shutil.copy2(source, draft, follow_symlinks=False)
        draft.rename(target)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
