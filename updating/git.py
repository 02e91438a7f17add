"""Git, through plumbum, on one repository."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Container, Mapping
from pathlib import Path
from typing import cast

from plumbum import CommandNotFound, local

from .errors import UpdateError

# `git merge-tree --write-tree`
OLDEST = (2, 38)

# The person's settings would change what is merged, or ask for something.
_SETTINGS = (
    *("-c", "core.autocrlf=false", "-c", "core.safecrlf=false", "-c", "core.quotePath=false"),
    *("-c", "core.fsmonitor=false", "-c", "commit.gpgSign=false", "-c", "diff.renames=true"),
    *("-c", "merge.directoryRenames=false", "-c", "merge.conflictStyle=merge"),
    *("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"),
)


class GitError(Exception):
    """A command of git that failed; says what git said."""


class Git:
    """Runs git in a folder.

    Args:
        folder: Where it runs.
        variables: Variables of its environment, such as `GIT_INDEX_FILE`.

    Raises:
        UpdateError: When there is no git.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.variables = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(variables or {})}
        try:
            self._command = local["git"]
        except CommandNotFound as error:
            raise UpdateError("git is not installed: install it, and update again.") from error

    def with_variables(self, **variables: str) -> Git:
        """The same with more variables.

        Args:
            variables: Variables of its environment.
        """
        return Git(self.folder, {**self.variables, **variables})

    def run(
        self, *arguments: str, stdin: bytes = b"", accept: Container[int] = (0,)
    ) -> tuple[int, bytes]:
        """Run a command.

        Args:
            arguments: Its words.
            stdin: What it reads.
            accept: Statuses that are no failure.

        Returns:
            Its status and what it printed.

        Raises:
            GitError: When it fails.
        """
        command = self._command[(*_SETTINGS, *arguments)]
        process = command.popen(
            cwd=str(self.folder),
            env={**os.environ, **self.variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        printed, said = cast("subprocess.Popen[bytes]", process).communicate(stdin)
        status: int = process.wait()
        if status not in accept:
            lines = said.decode(errors="replace").strip().splitlines()
            raise GitError(lines[-1].strip() if lines else f"git {arguments[0]}: status {status}")
        return status, printed

    def raw(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What a command prints.

        Args:
            arguments: Its words.
            stdin: What it reads.

        Raises:
            GitError: When it fails.
        """
        return self.run(*arguments, stdin=stdin)[1]

    def text(self, *arguments: str, stdin: bytes = b"") -> str:
        """What a command prints, as text without white space around it.

        Args:
            arguments: Its words.
            stdin: What it reads.

        Raises:
            GitError: When it fails.
        """
        return self.raw(*arguments, stdin=stdin).decode(errors="surrogateescape").strip()

    def succeeds(self, *arguments: str) -> bool:
        """Whether a command ends well.

        Args:
            arguments: Its words.
        """
        try:
            self.run(*arguments)
        except GitError:
            return False
        return True


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
        raise UpdateError(f"Git {oldest} or newer is needed, and this is {said}: install it.")
