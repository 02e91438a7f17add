"""The template's repository: its releases and their contents."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Container, Mapping
from pathlib import Path

from packaging.version import Version

from .errors import Status, UpdateError
from .git import Git, GitError
from .history import History
from .places import locate, shown
from .releases import Release, is_version, version_at

# Paths by which this template or a fork of it is recognized. Release 1.0.0 had no migrations.
_PARTS = {"copier.yml", "extensions", "template"}


class _Repository(Git):
    """Git in the template's repository; explains errors that users can fix."""

    def __init__(
        self, folder: Path, source: str, variables: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(folder, variables)
        self.source = source

    def with_variables(self, **variables: str) -> Git:
        return _Repository(self.folder, self.source, {**self.variables, **variables})

    def run(
        self, *arguments: str, stdin: bytes = b"", accept: Container[int] = (0,)
    ) -> tuple[int, bytes]:
        try:
            return super().run(*arguments, stdin=stdin, accept=accept)
        except GitError as error:
            if "dubious ownership" in error.said:
                raise UpdateError(
                    f"The template at {self.source} belongs to another user of this machine: if "
                    "you trust that user, run `git config --global --add safe.directory "
                    f"{self.folder}`."
                ) from error
            if "promisor" in error.said:
                raise UpdateError(
                    f"The template at {self.source} is a partial clone, and its missing files "
                    f"could not be fetched ({error}): use a full clone with --template.",
                    Status.FAILED,
                ) from error
            raise


class Template:
    """A clone of the template, opened read-only.

    Args:
        source: Its location: a local repository, which is read in place, or a URL to clone.
        scratch: A folder for the clone.
        project: Folder for a relative path.
        name: Its location for messages, if the source is only a copy.

    Attributes:
        history: Its accepted commits.

    Raises:
        UpdateError: When it cannot be cloned or read, or is shallow.
    """

    def __init__(
        self, source: str, scratch: Path, project: Path | None = None, name: str | None = None
    ) -> None:
        self.source = shown(name or source)
        place = locate(source, project)
        if isinstance(place, str) or place.is_file():
            place = _clone(str(place), scratch / "template.git")
        self.git = _Repository(place, self.source)
        if self.git.text("rev-parse", "--is-shallow-repository") == "true":
            raise UpdateError(
                f"The template at {self.source} is a shallow clone, so its releases are not all "
                "known: run `git fetch --unshallow` there."
            )
        self.history = History(self.git, self.source)
        self._versions: dict[str, Version] = {}

    def resolve(self, name: str, *, asked: bool = False) -> str:
        """Find a commit of the template.

        Args:
            name: A release, a commit id, or the output of `git describe`.
            asked: Whether the user names it, which allows branches.

        Returns:
            Its full id.

        Raises:
            UpdateError: When there is no such accepted commit.
        """
        return self.history.asked_for(name) if asked else self.history.recorded(name)

    def newest(self) -> Release:
        """The newest release.

        Raises:
            UpdateError: When there is none.
        """
        found = self.history.releases
        stable = [release for release in found if not release.version.is_prerelease]
        if not stable:
            raise UpdateError(f"The template at {self.source} has no release.")
        return stable[-1]

    def version(self, commit: str) -> Version:
        """The release of a commit, or the last one before it.

        Args:
            commit: The commit.

        Raises:
            UpdateError: When it is not a commit of Twelvestar.
        """
        if (known := self._versions.get(commit)) is not None:
            return known
        version = version_at(self.git, commit)
        # A fork has another name.
        listing = self.git.text("ls-tree", "--name-only", commit) if version else ""
        if version is None or not set(listing.split()) >= _PARTS:
            raise UpdateError(
                f"{commit[:12]} in {self.source} is not a commit of Twelvestar: the answers file "
                "belongs to another template."
            )
        self._versions[commit] = version
        return version

    def described(self, commit: str) -> str:
        """A readable name of a commit.

        Args:
            commit: The commit.
        """
        version = self.version(commit)
        if commit in self.history.tags.values() or commit in self._released():
            return f"release {version}"
        return f"commit {commit[:12]}, which has the version {version}"

    def recorded_name(self, commit: str) -> str:
        """The name of a commit for the answers file, with which Copier finds it again.

        Args:
            commit: The commit.
        """
        version = self.version(commit)
        tags = [tag for tag, tagged in self.history.tags.items() if tagged == commit]
        tags.sort(key=lambda tag: (Version(tag) != version, tag))
        return tags[0] if tags else commit

    def _released(self) -> set[str]:
        return {release.commit for release in self.history.releases}

    def export(self, commit: str, folder: Path) -> Path:
        """Write the files of a commit into a folder, without git history.

        Args:
            commit: The commit.
            folder: A new folder.

        Returns:
            The folder.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="export-", dir=folder.parent) as place:
            index, files = Path(place) / "index", Path(place) / "files"
            files.mkdir()
            git = self.git.with_variables(GIT_INDEX_FILE=str(index), GIT_WORK_TREE=str(files))
            # In one command, so that a partial clone fetches all missing files at once.
            git.run("read-tree", "--reset", "-u", "--no-sparse-checkout", commit)
            files.rename(folder)
        return folder

    def notes(self, old: Version, new: Version, commit: str) -> dict[str, str]:
        """The changelog's sections after one release, up to another.

        Args:
            old: The release after which to start.
            new: The last release.
            commit: Whose changelog is read.

        Returns:
            Markdown by version, latest first.
        """
        try:
            text = self.git.raw("show", f"{commit}:CHANGELOG.md").decode()
        except GitError:
            return {}
        sections = re.split(r"^## +", text, flags=re.MULTILINE)[1:]
        notes = {}
        for section in sections:
            title, _, body = section.partition("\n")
            if is_version(title.strip()) and old < Version(title.strip()) <= new:
                notes[title.strip()] = body.strip()
        return notes


def _clone(address: str, folder: Path) -> Path:
    try:
        Git(folder.parent).run("clone", "--quiet", "--bare", "--", address, str(folder))
    except GitError as error:
        if "transport 'file' not allowed" in error.said:
            raise UpdateError(
                f"The template could not be fetched from {shown(address)}, because git's setting "
                "protocol.file.allow forbids it: give the folder itself with --template.",
                Status.FAILED,
            ) from error
        raise UpdateError(
            f"The template could not be fetched from {shown(address)}: {shown(str(error))}",
            Status.FAILED,
        ) from error
    return folder
