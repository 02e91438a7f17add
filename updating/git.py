"""Git, through plumbum, on one repository."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from plumbum import CommandNotFound, local

from .environment import without_places
from .errors import Status, UpdateError, failed

# `git merge-tree --write-tree`
OLDEST = (2, 38)

# Settings of the user that could change the result of a merge, or prompt for input.
_SETTINGS = (
    *("-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "-c", "diff.renames=true"),
    *("-c", "merge.renames=true", "-c", "merge.renameLimit=7000", "-c", "merge.default=text"),
    *("-c", "merge.renormalize=false", "-c", "merge.directoryRenames=false"),
    *("-c", "merge.conflictStyle=merge", "-c", "log.showSignature=false"),
    *("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"),
    *("-c", "safe.bareRepository=all"),
)

# The user's attributes only apply to the working tree, not to the template or a merge.
_AS_IT_IS = (
    *("-c", "core.autocrlf=false", "-c", "core.safecrlf=false"),
    *("-c", f"core.attributesFile={os.devnull}", "-c", "core.bigFileThreshold=512m"),
)


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
        variables: Variables of its environment, such as `GIT_INDEX_FILE`.
        line_ends: Whether to convert line endings and other contents, according to the user's
            settings and attributes.

    Raises:
        UpdateError: When there is no git.
    """

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, str] | None = None,
        *,
        line_ends: bool = False,
    ) -> None:
        self.folder = folder
        self.line_ends = line_ends
        self.variables = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(variables or {})}
        try:
            self._program = str(local.which("git"))
        except CommandNotFound as error:
            raise UpdateError("git is not installed: install it, and update again.") from error

    def with_variables(self, **variables: str) -> Git:
        """Copy it with more variables.

        Args:
            variables: Variables of its environment.
        """
        return Git(self.folder, {**self.variables, **variables}, line_ends=self.line_ends)

    def run(
        self, *arguments: str, stdin: bytes = b"", accept: Container[int] = (0,)
    ) -> tuple[int, bytes]:
        """Run a command.

        Args:
            arguments: Its arguments.
            stdin: Its standard input.
            accept: Exit statuses that are not errors.

        Returns:
            Its exit status and output.

        Raises:
            GitError: When it fails.
        """
        process = self._start(arguments, subprocess.PIPE)
        printed, said = process.communicate(stdin)
        if process.returncode not in accept:
            raise _error(arguments, process.returncode, said)
        return process.returncode, printed

    def pipe(
        self, arguments: Sequence[str], other: Git, others: Sequence[str], *, stdin: bytes
    ) -> None:
        """Pipe the output of a command into another git process.

        Args:
            arguments: Arguments of the first command.
            other: The git that reads.
            others: Its arguments.
            stdin: Standard input of the first command.

        Raises:
            GitError: When one of them fails.
        """
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            first = self._start(arguments, given)
        second = other._start(others, first.stdout)
        assert first.stdout is not None
        assert first.stderr is not None
        # So that the first one notices when the second one ends.
        first.stdout.close()
        _, said = second.communicate()
        first_said = first.stderr.read()
        first.stderr.close()
        if second.returncode:
            raise _error(others, second.returncode, said)
        if first.wait():
            raise _error(arguments, first.returncode, first_said)

    def _start(
        self, arguments: Sequence[str], stdin: int | IO[bytes] | None
    ) -> subprocess.Popen[bytes]:
        settings = _SETTINGS if self.line_ends else (*_SETTINGS, *_AS_IT_IS)
        # System-wide attributes can only be disabled by a variable.
        variables = {} if self.line_ends else {"GIT_ATTR_NOSYSTEM": "1"}
        # Not by plumbum, which adds the environment that the process was started with.
        return subprocess.Popen(
            [self._program, *settings, *arguments],
            cwd=self.folder,
            env={**without_places(os.environ), **variables, **self.variables},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def raw(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """The output of a command.

        Args:
            arguments: Its arguments.
            stdin: Its standard input.

        Raises:
            GitError: When it fails.
        """
        return self.run(*arguments, stdin=stdin)[1]

    def text(self, *arguments: str, stdin: bytes = b"") -> str:
        """The output of a command as text, stripped.

        Args:
            arguments: Its arguments.
            stdin: Its standard input.

        Raises:
            GitError: When it fails.
        """
        return self.raw(*arguments, stdin=stdin).decode(errors="surrogateescape").strip()

    def succeeds(self, *arguments: str) -> bool:
        """Whether a command succeeds.

        Args:
            arguments: Its arguments.
        """
        try:
            self.run(*arguments)
        except GitError:
            return False
        return True


def _error(arguments: Sequence[str], status: int, said: bytes) -> GitError:
    text = said.decode(errors="replace").strip()
    lines = text.splitlines() or [f"git {arguments[0]}: status {status}"]
    reason = next((line for line in lines if line.startswith("fatal: ")), lines[-1])
    return GitError(reason.removeprefix("fatal: ").strip(), text)


@contextmanager
def converted_errors() -> Iterator[None]:
    """Convert errors of git and the system to an UpdateError, while nothing has been changed.

    Raises:
        UpdateError: With the error message.
    """
    try:
        yield
    except GitError as error:
        raise UpdateError(
            f"Nothing was changed, because git failed: {error}", Status.FAILED
        ) from error
    except OSError as error:
        raise failed(error) from error


def check_version(git: Git) -> None:
    """Refuse a git that cannot merge without a working tree.

    Args:
        git: Any repository, or none.

    Raises:
        UpdateError: When it is too old.
    """
    said = git.text("version")
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise UpdateError(f"Git {oldest} or newer is needed, and {said} is installed: upgrade git.")
