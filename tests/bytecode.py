"""Compiled modules of installed packages, which each environment would make anew.

Python runs what is compiled only if it fits the module's size and time, which are in it; and uv
gives each environment the same files, so that what one has compiled fits them all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def shared_bytecode(environment: Path, shared: Path) -> Iterator[None]:
    """Give an environment what others have compiled, and keep what it compiles for others.

    Args:
        environment: A virtual environment.
        shared: A folder that all processes of a test run have in common.
    """
    store = shared / "bytecode"
    packages = next(environment.glob("lib/python*/site-packages"))
    # The store has more packages than this environment, which gets nothing of the others.
    _link(store, packages, new_folders=False)
    yield
    _link(packages, store, new_folders=True)


def _link(source: Path, destination: Path, *, new_folders: bool) -> None:
    for path in source.rglob("__pycache__/*.pyc"):
        wanted = destination / path.relative_to(source)
        if wanted.exists() or not (new_folders or wanted.parent.parent.is_dir()):
            continue
        wanted.parent.mkdir(parents=True, exist_ok=True)
        # Another process may do the same; and who reads it must see all of it or none.
        partial = wanted.with_name(f"{wanted.name}.{os.getpid()}")
        try:
            os.link(path, partial)
        except OSError:
            shutil.copy2(path, partial)
        partial.replace(wanted)
