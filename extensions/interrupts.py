"""Removes the new folder when generating a project is interrupted.

Copier removes it only after an `Exception`, which Ctrl-C and signals do not raise.
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

from copier.errors import UserMessageError
from jinja2 import Environment
from jinja2.ext import Extension

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(UserMessageError, KeyboardInterrupt):
    """Raised by a signal during a copy. It is an `Exception`, so that Copier cleans up."""


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
        handler = _handler(Path(run.f_locals["self"].dst_path).absolute())
        for number in SIGNALS:
            signal.signal(number, handler)


def _handler(destination: Path) -> Callable[[int, FrameType | None], None]:
    there_before = _paths(destination) if destination.exists() else None

    def interrupt(number: int, frame: FrameType | None) -> None:
        if _copy(frame) is None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        for each in SIGNALS:
            # The cleanup must not be interrupted by another signal.
            signal.signal(each, signal.SIG_IGN)
        if there_before is not None:
            # At the very end, because a task may still be writing.
            atexit.register(_remove_new, destination, there_before)
        raise Interrupted("Execution stopped by user")

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
