"""Running git in untrusted repositories."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from .errors import Problem
from .places import shown

# Git sets these variables for its hooks; with them, every command would use the hook's repository.
_PLACES = {
    f"GIT_{name}"
    for name in (
        *("ALTERNATE_OBJECT_DIRECTORIES", "COMMON_DIR", "CONFIG", "DIR", "GRAFT_FILE"),
        *("INDEX_FILE", "NAMESPACE", "OBJECT_DIRECTORY", "PREFIX", "REPLACE_REF_BASE"),
        *("SHALLOW_FILE", "WORK_TREE"),
    )
}
_SETTINGS = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false", "-c", "core.quotePath=false", "-c", "log.showSignature=no"),
    *("-c", "safe.bareRepository=all", "-c", "advice.detachedHead=false"),
)
# Some URLs run a program, such as ext::sh.
PROTOCOLS = "file:git:http:https:ssh"


class GitError(Exception):
    """A git command that failed.

    Args:
        line: The most relevant line of its output.
        said: Its whole error output.
    """

    def __init__(self, line: str, said: str = "") -> None:
        super().__init__(line)
        self.said = said


class Git:
    """Runs git in a folder.

    Args:
        folder: Where it runs.
        variables: Additional environment variables.
        seconds: Time limit of a command.
    """

    def __init__(
        self, folder: Path, variables: Mapping[str, str] | None = None, seconds: float | None = None
    ) -> None:
        self.folder = folder
        self.variables = dict(variables or {})
        self.seconds = seconds

    def raw(self, *arguments: str, stdin: bytes = b"", accept: Container[int] = (0,)) -> bytes:
        """Run a command and return its output.

        Args:
            arguments: Its arguments.
            stdin: Its standard input.
            accept: Exit statuses that are not errors.

        Raises:
            GitError: When it fails, or takes too long.
            Problem: When there is no git.
        """
        return self._run(["git", *_SETTINGS, *arguments], stdin, accept)

    def limited(self, blocks: int, *arguments: str) -> str:
        """Run a command with a limit on the size of files that it writes.

        Args:
            blocks: The size of the largest file, in blocks of 512 bytes.
            arguments: Its arguments.

        Raises:
            GitError: When it fails, takes too long, or writes more.
        """
        # Ignore the signal, so that git reports the error instead of being killed.
        # A lower existing limit stays in effect.
        bound = '{ ulimit -f "$0" || :; } 2> /dev/null'
        shell = ("sh", "-c", f'trap "" XFSZ; {bound}; exec "$@"', str(blocks))
        printed = self._run([*shell, "git", *_SETTINGS, *arguments], b"", (0,))
        return printed.decode(errors="surrogateescape")

    def _run(self, command: Sequence[str], stdin: bytes, accept: Container[int]) -> bytes:
        environment = {name: text for name, text in os.environ.items() if name not in _PLACES}
        said = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": PROTOCOLS}
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={**environment, **said, **self.variables},
                input=stdin,
                capture_output=True,
                check=False,
                timeout=self.seconds,
            )
        except FileNotFoundError as error:
            if self.folder.is_dir():
                raise Problem("git is not installed: install it, and try again.") from error
            raise GitError(f"there is no folder {self.folder}") from error
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git took longer than {self.seconds:.0f} s") from error
        if done.returncode not in accept:
            text = shown(done.stderr.decode(errors="replace").strip())
            raise GitError(_reason(text) or f"git ended with status {done.returncode}", text)
        return done.stdout

    def text(self, *arguments: str, stdin: bytes = b"", accept: Container[int] = (0,)) -> str:
        """Run a command and return its output as text, stripped.

        Args:
            arguments: Its arguments.
            stdin: Its standard input.
            accept: Exit statuses that are not errors.

        Raises:
            GitError: When it fails, or takes too long.
        """
        printed = self.raw(*arguments, stdin=stdin, accept=accept)
        return printed.decode(errors="surrogateescape").strip()


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for beginning in ("remote: error: ", "fatal: ", "error: ", "! "):
        for line in lines:
            if line.startswith(beginning):
                return line.removeprefix("remote: ").removeprefix(
                    beginning.removeprefix("remote: ")
                )
    return lines[-1] if lines else ""
