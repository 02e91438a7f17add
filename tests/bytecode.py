"""Shared bytecode of installed packages, so that it is not compiled in each environment.

Bytecode records the size and the modification time of its module, and Python only uses it if both
match. uv installs the same files in each environment, so bytecode of one is valid in all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def shared_bytecode(environment: Path, shared: Path) -> Iterator[None]:
    """Link bytecode of others into an environment, and then share the bytecode that it compiled.

    Args:
        environment: A virtual environment.
        shared: A folder that all processes of a test run share.
    """
    store = shared / "bytecode"
    packages = next(environment.glob("lib/python*/site-packages"))
    # Only for installed packages; the shared folder contains more.
    _link(store, packages, new_folders=False)
    yield
    _link(packages, store, new_folders=True)


def _link(source: Path, destination: Path, *, new_folders: bool) -> None:
    for path in source.rglob("__pycache__/*.pyc"):
        wanted = destination / path.relative_to(source)
        if wanted.exists() or not (new_folders or wanted.parent.parent.is_dir()):
            continue
        wanted.parent.mkdir(parents=True, exist_ok=True)
        # Written atomically, because other processes may read or write it at the same time.
        partial = wanted.with_name(f"{wanted.name}.{os.getpid()}")
        try:
            os.link(path, partial)
        except OSError:
            shutil.copy2(path, partial)
        partial.replace(wanted)
