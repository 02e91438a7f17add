"""Shallow bare clones of services, stored in the state folder."""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..git import Git, GitError
from .access import Access

_REF = "refs/heads/"
_SHA1 = 40
_NETWORK = (
    *("-c", "credential.helper=", "-c", "http.followRedirects=false"),
    *("-c", "fetch.fsckObjects=true", "-c", "fetch.writeCommitGraph=false"),
    # Faults of old commits that do not matter for an update.
    *("-c", "fetch.fsck.zeroPaddedFilemode=ignore", "-c", "fetch.fsck.badTimezone=ignore"),
    *("-c", "fetch.fsck.missingSpaceBeforeDate=ignore"),
)


class NotReached(GitError):
    """A repository that could not be read or written; a retry may work."""


class Unfit(GitError):
    """A repository that cannot be fetched until somebody fixes it."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Branches of a remote repository.

    Attributes:
        default: Its default branch; empty if it has no commit.
        branches: Commits of the requested branches.
    """

    default: str
    branches: dict[str, str]


class Clone:
    """A clone of one repository.

    Args:
        state: The state folder.
        source: The repository's URL or path.
        access: Its credentials.
        megabytes: Largest size of a fetch, in MB.
        seconds: Time limit of a command.
    """

    def __init__(
        self, state: Path, source: str, access: Access, *, megabytes: int, seconds: int
    ) -> None:
        name = hashlib.sha256(source.encode(errors="surrogateescape")).hexdigest()[:24]
        self.folder = state.absolute() / "clones" / f"{name}.git"
        self._source = source
        self._megabytes = megabytes
        self._seconds = seconds
        self._limit = megabytes * 2048
        if not (self.folder / "HEAD").is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            Git(self.folder).raw("init", "--quiet", "--bare", "--template=")
        self.git = Git(self.folder, {"GIT_DIR": str(self.folder)})
        self._network = Git(
            self.folder, {"GIT_DIR": str(self.folder), **access.variables()}, seconds=seconds
        )

    def look(self, *branches: str) -> Remote:
        """List branches of the remote repository.

        Args:
            branches: Patterns of branches, in addition to the default one.

        Raises:
            Unfit: When its object format is not supported.
            GitError: When it cannot be read.
        """
        patterns = ("HEAD", *(f"{_REF}{each}" for each in branches))
        printed = self._reach("ls-remote", "--symref", "--", self._source, *patterns)
        default, found = "", {}
        head = ""
        for line in printed.splitlines():
            name, _, ref = line.partition("\t")
            if name.startswith("ref: ") and ref == "HEAD":
                default = name.removeprefix(f"ref: {_REF}")
            elif ref == "HEAD":
                head = name
                if len(head) > _SHA1:
                    raise Unfit("Its repository uses SHA-256, and only SHA-1 is supported.")
            elif ref.startswith(_REF):
                found[ref.removeprefix(_REF)] = name
        if not head:
            return Remote("", found)
        return Remote(default, {**found, (default or "HEAD"): head})

    def fetch(self, *commits: str) -> None:
        """Fetch commits without their history, unless the clone has them.

        Args:
            commits: Full ids of commits at the tips of branches.

        Raises:
            Unfit: When one is too large or corrupt.
            GitError: When one cannot be fetched.
        """
        missing = [commit for commit in commits if not self._has(commit)]
        if not missing:
            return
        options = ("--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head")
        refs = [f"+{commit}:refs/fleet/{commit}" for commit in missing]
        self._reach("fetch", *options, "--", self._source, *refs)

    def push(self, commit: str, branch: str, expected: str) -> None:
        """Push a branch, if it has not changed meanwhile.

        Args:
            commit: The commit.
            branch: The branch.
            expected: Current commit of the branch; empty if there is no such branch.

        Raises:
            GitError: When it is refused.
        """
        lease = f"--force-with-lease={_REF}{branch}:{expected}"
        options = ("--quiet", "--no-verify", "--no-follow-tags", lease)
        self._reach("push", *options, "--", self._source, f"{commit}:{_REF}{branch}")

    def _has(self, commit: str) -> bool:
        try:
            self.git.raw("cat-file", "-e", f"{commit}^{{tree}}")
        except GitError:
            return False
        return True

    def _reach(self, *arguments: str) -> str:
        try:
            return self._network.limited(self._limit, *_NETWORK, *arguments)
        except GitError as error:
            text = f"{error} {error.said}"
            if "File too large" in text:
                raise Unfit(
                    f"It has more than {self._megabytes} MB: raise `megabytes` in the inventory's "
                    "defaults.",
                    error.said,
                ) from error
            if "fsck error" in text:
                raise Unfit(f"Its repository is corrupt: {error}.", error.said) from error
            if lock := re.search(r"Unable to create '([^']+\.lock)': File exists", text):
                _remove_old(Path(lock[1]), self.folder, self._seconds)
                raise NotReached(str(error), error.said) from error
            if re.search(_LATER, text, re.IGNORECASE):
                raise NotReached(str(error), error.said) from error
            raise


def _remove_old(lock: Path, folder: Path, seconds: float) -> None:
    """Remove lock files of a killed git: those older than the time limit."""
    with suppress(OSError):
        if lock.is_relative_to(folder) and time.time() - lock.stat().st_mtime > seconds:
            lock.unlink()


_LATER = (
    r"could not resolve|connection (refused|reset|timed out)|timed out|took longer than"
    r"|returned error: (429|5\d\d)|early EOF|hung up|RPC failed|unexpected disconnect"
    r"|failed to connect|empty reply|transfer closed|(recv|send) failure|broken pipe"
    r"|network is unreachable|no route to host"
)
