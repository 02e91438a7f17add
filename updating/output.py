"""Writing reports. The project is already updated, so this must not fail."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from .errors import UpdateError

STDOUT = "-"
_STANDARD = range(3)


def prepare() -> None:
    """Make standard output accept any text, and keep its file descriptor from being reused."""
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            # `open` returns the lowest free number, which is this one.
            os.open(os.devnull, os.O_RDWR)
    if isinstance(sys.stdout, TextIOWrapper):
        # File names and the terminal may use other encodings than UTF-8.
        sys.stdout.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Write to standard output, even if it is closed.

    Args:
        text: The text.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        # Python tries again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def refuse_unwritable(place: str) -> None:
    """Refuse a file that cannot be written.

    Args:
        place: Path of the file; `-` for standard output.

    Raises:
        UpdateError: When it cannot be.
    """
    if place == STDOUT:
        return
    path = Path(place)
    try:
        new = not path.exists()
        if new or path.is_file() or path.is_dir():
            with path.open("ab"):
                pass
        # Pipes and devices are not tried, because that would write to them.
        if new:
            path.unlink()
    except (OSError, ValueError) as error:
        raise UpdateError(f"{_unwritten(place, error)} Use another file.") from error


def write(place: str, text: str) -> None:
    """Write a report.

    Args:
        place: Path of a file; `-` for standard output.
        text: The report.
    """
    if place == STDOUT:
        say(text)
        return
    try:
        Path(place).write_text(text, encoding="utf-8")
    except OSError as error:
        with suppress(OSError):
            print(_unwritten(place, error), file=sys.stderr)


def _unwritten(place: str, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else error
    return f"The report cannot be written to {place}: {reason}."
