"""Breached passwords in a file: SHA-1 hashes in ascending order, found by a binary search.

Have I Been Pwned's downloader writes such a file, of about 40 GB.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import BackingServiceUnavailable

_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::\d{1,20})?\r?\n?")
# Longer than any line.
_WINDOW = 64
SAMPLES = 100

_UNREADABLE = "Cannot read the file: check its path and permissions."
_EMPTY = "The file is empty: download the list again."
_INVALID = (
    "Not a list of breached passwords: expected lines of a SHA-1 hash in hexadecimal, with or "
    "without :count."
)
_UNSORTED = "The file is not sorted by hash: sort it with `LC_ALL=C sort`."


class ListRefused(ValueError):
    """A file is not a sorted list of hashes; the message says why."""


class ListUnavailable(BackingServiceUnavailable):
    """The list was usable when the process started, and is not any more."""

    def __init__(self, error: Exception) -> None:
        super().__init__("list of breached passwords", type(error).__name__)


@dataclass(frozen=True, slots=True)
class _Line:
    digest: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Lines:
    file: int
    size: int

    def at(self, position: int) -> _Line:
        """The line that contains the byte at this position."""
        begin = max(0, position - _WINDOW)
        window = os.pread(self.file, 2 * _WINDOW, begin)
        start = window.rfind(b"\n", 0, position - begin) + 1
        end = window.find(b"\n", position - begin) + 1 or len(window)
        found = _LINE.fullmatch(window, start, end)
        if found is None:
            raise ListRefused(_INVALID)
        return _Line(found[1].upper(), begin + start, begin + end)


def check_list(path: str) -> None:
    """Check samples of a list: its first line, its last one, and some between them.

    Args:
        path: Path of the file.

    Raises:
        ListRefused: If the file is missing, unreadable, empty, no list of hashes, or not sorted.
    """
    try:
        with _open(path) as lines:
            samples = [lines.at(lines.size * number // SAMPLES) for number in range(SAMPLES)]
            digests = [line.digest for line in (*samples, lines.at(lines.size - 1))]
    except OSError as error:
        raise ListRefused(_UNREADABLE) from error
    if digests != sorted(digests):
        raise ListRefused(_UNSORTED)


def is_breached(path: str, passwords: Iterable[str]) -> bool:
    """Whether a list has one of some passwords; takes about 30 small reads for each.

    The file is opened each time, so that it can be replaced by renaming another one.

    Args:
        path: Path of the file.
        passwords: Forms of the password.

    Raises:
        ListUnavailable: If the file cannot be read, is no list of hashes, or not sorted.
    """
    try:
        with _open(path) as lines:
            return any(_contains(lines, _digest(password)) for password in passwords)
    except (OSError, ListRefused) as error:
        raise ListUnavailable(error) from error


@contextmanager
def _open(path: str) -> Iterator[_Lines]:
    # Opening a named pipe would block.
    if not Path(path).is_file():
        raise ListRefused(_UNREADABLE)
    with Path(path).open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise ListRefused(_EMPTY)
        yield _Lines(file.fileno(), size)


def _contains(lines: _Lines, digest: bytes) -> bool:
    low, high = 0, lines.size
    least, most = b"", b"G"
    while low < high:
        line = lines.at((low + high) // 2)
        if not least <= line.digest <= most:
            raise ListRefused(_UNSORTED)
        if line.digest == digest:
            return True
        if line.digest < digest:
            low, least = line.end, line.digest
        else:
            high, most = line.start, line.digest
    return False


def _digest(password: str) -> bytes:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
