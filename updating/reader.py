"""Reading many git objects from one process."""

from __future__ import annotations

import os
import subprocess
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import IO, cast

from .environment import without_places
from .git import Git, GitError

# Requests for this many ids fit into a pipe, so that the two processes cannot block each other.
_AT_ONCE = 200


class Reader:
    """Reads contents by their ids; for one thread or several.

    Args:
        git: The repository; its folder is its git folder.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., Reader] | None = None

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """Lengths of contents, in bytes.

        Args:
            blobs: Their ids.

        Raises:
            GitError: When one is missing.
        """
        with self._lock:
            return {blob: size for blob, size in self._ask("info", blobs)}

    def contents(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Contents by their ids.

        Args:
            blobs: Ids.

        Raises:
            GitError: When one is missing.
        """
        found = {}
        with self._lock:
            for blob, size in self._ask("contents", blobs):
                output = self._output()
                found[blob] = output.read(size)
                output.read(1)
        return found

    def close(self) -> None:
        """End the process; the next read starts another one."""
        with self._lock:
            if self._end is not None:
                self._end()
            self._process = self._end = None

    def _ask(self, question: str, blobs: Iterable[str]) -> Iterator[tuple[str, int]]:
        wanted = list(dict.fromkeys(blobs))
        for start in range(0, len(wanted), _AT_ONCE):
            chunk = wanted[start : start + _AT_ONCE]
            process = self._started()
            questions = cast("IO[bytes]", process.stdin)
            questions.write("".join(f"{question} {blob}\n" for blob in chunk).encode())
            questions.flush()
            missing = []
            for blob in chunk:
                words = self._output().readline().split()
                if len(words) == 3:
                    yield blob, int(words[2])
                else:
                    missing.append(blob)
            if missing:
                raise GitError(f"the object {missing[0]} is missing or damaged")

    def _output(self) -> IO[bytes]:
        return cast("IO[bytes]", cast("subprocess.Popen[bytes]", self._process).stdout)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                ["git", f"--git-dir={self._git.folder}", "cat-file", "--batch-command"],
                cwd=self._git.folder,
                env={**without_places(os.environ), **self._git.variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._end = weakref.finalize(self, _end, self._process)
        return self._process


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        cast("IO[bytes]", pipe).close()
    process.wait()
