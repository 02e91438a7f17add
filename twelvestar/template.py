"""The template's repository: its releases and their update programs."""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from packaging.version import InvalidVersion, Version

from .errors import Problem
from .git import Git, GitError
from .places import address, shown

_PROTOCOL = re.compile(r"^PROTOCOL(?:: [\w\[\]]+)? = (\d+)$", re.MULTILINE)
_FAILED = 4


@dataclass(frozen=True, slots=True)
class Release:
    """A release of the template.

    Attributes:
        version: Its version.
        commit: Full id of its commit.
        made: When it was committed.
    """

    version: Version
    commit: str
    made: datetime


class Template:
    """A bare clone of the template.

    Args:
        place: Location of the template.
        folder: Folder of the clone. An existing clone is updated.
        variables: Environment variables for git while it fetches.
        fetch: Whether to update an existing clone.

    Raises:
        Problem: When it cannot be fetched.
    """

    def __init__(
        self,
        place: str,
        folder: Path,
        variables: Mapping[str, str] | None = None,
        *,
        fetch: bool = True,
    ) -> None:
        self.place = shown(place)
        self.folder = folder
        self.git = Git(folder)
        source = address(place)
        if not fetch and (folder / "HEAD").is_file():
            return
        try:
            if (folder / "HEAD").is_file():
                branches = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
                network = Git(folder, variables)
                network.raw("fetch", "--quiet", "--prune", "--", source, *branches)
                head = network.text("ls-remote", "--symref", "--", source, "HEAD")
                if found := re.match(r"ref: (refs/heads/\S+)\s", head):
                    self.git.raw("symbolic-ref", "HEAD", found[1])
            else:
                folder.parent.mkdir(parents=True, exist_ok=True)
                clone = ("clone", "--quiet", "--bare", "--template=", "--", source, str(folder))
                Git(folder.parent, variables).raw(*clone)
        except GitError as error:
            raise Problem(
                f"The template could not be fetched from {self.place}: {error}", _FAILED
            ) from error

    @cached_property
    def releases(self) -> list[Release]:
        """Its releases, lowest first: commits of the main branch that set `version`.

        Raises:
            Problem: When there is none.
        """
        listing = ("--first-parent", "--reverse", "--format=%H %ct", "-G^version *=")
        try:
            lines = self.git.text("log", *listing, "HEAD", "--", "pyproject.toml").splitlines()
        except GitError as error:
            raise Problem(f"The template at {self.place} is empty: {error}", _FAILED) from error
        found: dict[Version, Release] = {}
        current: Version | None = None
        for line in lines:
            commit, _, seconds = line.partition(" ")
            version = self._version(commit)
            if version is None or version == current:
                continue
            if current is not None and version < current:
                # A lower version withdraws the releases above it.
                found = {each: release for each, release in found.items() if each <= version}
            else:
                made = datetime.fromtimestamp(int(seconds), UTC)
                found[version] = Release(version, commit, made)
            current = version
        if not found:
            raise Problem(f"The template at {self.place} has no release.", _FAILED)
        return [found[version] for version in sorted(found)]

    def release(self, name: str | None = None) -> Release:
        """Find a release.

        Args:
            name: Its version; by default the newest one that is not a pre-release.

        Raises:
            Problem: When there is none.
        """
        if name is None:
            stable = [each for each in self.releases if not each.version.is_prerelease]
            return (stable or self.releases)[-1]
        with suppress(InvalidVersion):
            for each in self.releases:
                if each.version == Version(name):
                    return each
        known = ", ".join(str(each.version) for each in self.releases)
        raise Problem(f"The template at {self.place} has no release {name}: it has {known}.")

    def protocol(self, release: Release) -> int | None:
        """The protocol version of a release's update program.

        Args:
            release: The release.

        Returns:
            Its number; None for releases before it existed.
        """
        try:
            text = self.git.text("show", f"{release.commit}:updating/protocol.py")
        except GitError:
            return None
        found = _PROTOCOL.search(text)
        return int(found[1]) if found else None

    def has(self, path: str, commit: str = "HEAD") -> bool:
        """Whether a commit has a file.

        Args:
            path: The file.
            commit: The commit.
        """
        try:
            self.git.raw("cat-file", "-e", f"{commit}:{path}")
        except GitError:
            return False
        return True

    def export(self, commit: str, folder: Path) -> Path:
        """Write the files of a commit to a folder, unless it exists.

        Args:
            commit: The commit.
            folder: The folder, which is written atomically.

        Returns:
            The folder.

        Raises:
            Problem: When it cannot be written.
        """
        if folder.is_dir():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="export-", dir=folder.parent) as place:
            files = Path(place) / "files"
            files.mkdir()
            where = {"GIT_INDEX_FILE": str(Path(place) / "index"), "GIT_WORK_TREE": str(files)}
            git = Git(self.folder, {**where, "GIT_DIR": str(self.folder.absolute())})
            try:
                git.raw("read-tree", "--reset", "-u", "--no-sparse-checkout", commit)
            except GitError as error:
                raise Problem(f"The template could not be read: {error}", _FAILED) from error
            with suppress(OSError):
                # Another process may have written it first.
                files.rename(folder)
        return folder

    def _version(self, commit: str) -> Version | None:
        try:
            declared = tomllib.loads(self.git.text("show", f"{commit}:pyproject.toml"))
            return Version(declared["project"]["version"])
        except (GitError, KeyError, TypeError, InvalidVersion, tomllib.TOMLDecodeError):
            return None
