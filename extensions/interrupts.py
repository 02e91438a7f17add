"""Removes what was generated when generating a project is interrupted.

Copier removes it only after an `Exception`. Ctrl-C raises `KeyboardInterrupt`, and a signal ends
the process at once.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from jinja2 import Environment
from jinja2.ext import Extension

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CleanInterrupt(Extension):
    """Installs signal handlers, only in Copier's command line."""

    def __init__(self, environment: Environment) -> None:
        """Install the handlers, and record which files the destination already has.

        Args:
            environment: The Jinja environment.
        """
        super().__init__(environment)
        run = _copy(sys._getframe())
        if run is None:
            return
        worker = run.f_locals["self"]
        handler = _handler(Path(worker.dst_path).absolute(), remove=worker.cleanup_on_error)
        for number in SIGNALS:
            signal.signal(number, handler)


def _handler(destination: Path, *, remove: bool) -> Callable[[int, FrameType | None], None]:
    there_before = _paths(destination) if destination.exists() else None

    def clean_up() -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if there_before is not None:
            _remove_new(destination, there_before)
        elif remove:
            shutil.rmtree(destination, ignore_errors=True)

    def interrupt(number: int, frame: FrameType | None) -> None:
        if _copy(frame) is None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        # At the very end, because a task may still be writing. Twice is the same as once.
        atexit.unregister(clean_up)
        atexit.register(clean_up)
        # No subclass of `Exception`: Jinja and Copier catch those and go on.
        raise KeyboardInterrupt

    return interrupt


def _copy(frame: FrameType | None) -> FrameType | None:
    """Find the stack frame of `copier copy`, if that is the caller."""
    found: FrameType | None = None
    while frame is not None:
        step = (frame.f_globals.get("__name__"), frame.f_code.co_name)
        if step == ("copier._main", "run_copy"):
            # The method of Copier's worker; the function that calls it has the same name.
            found = found or frame
        elif step in {("copier._main", "run_update"), ("copier._main", "run_recopy")}:
            return None
        elif step == ("copier._cli", "_handle_exceptions"):
            return found
        frame = frame.f_back
    # A program that calls Copier handles signals itself.
    return None


def _paths(folder: Path) -> set[Path]:
    found: set[Path] = set()
    for place, folders, names in os.walk(folder):
        found.update(Path(place, name) for name in (*folders, *names))
        if Path(place) == folder and ".git" in folders:
            folders.remove(".git")
    return found


def _remove_new(folder: Path, there_before: set[Path]) -> None:
    # The deepest last, because a new folder is removed with its contents.
    for path in sorted(_paths(folder) - there_before, key=lambda path: len(path.parts)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
