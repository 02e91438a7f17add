"""The template as a repository: its releases, and what was in them."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.version import InvalidVersion, Version

from .errors import Status, UpdateError
from .git import Git, GitError
from .releases import DECLARATION, Release, releases, version_at

_SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
_NAME = "twelvestar"


class Template:
    """A clone of the template, read only.

    Args:
        source: Where it is: a local repository, which is read where it is, or an address to clone.
        scratch: A folder for the clone.

    Raises:
        UpdateError: When it cannot be cloned, or is another template.
    """

    def __init__(self, source: str, scratch: Path) -> None:
        self.source = source
        local = Path(source)
        if (local / ".git").exists() or (local / "objects").is_dir():
            self.git = Git(local)
        else:
            clone = scratch / "template.git"
            try:
                Git(scratch).run("clone", "--quiet", "--bare", _address(source), str(clone))
            except GitError as error:
                raise UpdateError(
                    f"The template could not be fetched from {source}: {error}", Status.FAILED
                ) from error
            self.git = Git(clone)

    def resolve(self, name: str) -> str:
        """Find a commit of the template.

        Args:
            name: A version, or anything that git knows.

        Returns:
            Its full id.

        Raises:
            UpdateError: When there is no such commit.
        """
        # Copier records what `git describe` says, and a tag of a release may have gone.
        described = re.fullmatch(r".+-\d+-g([0-9a-f]+)", name)
        for candidate in filter(None, (name, described and described[1])):
            if not candidate.startswith("-"):
                try:
                    return self.git.text("rev-parse", "--verify", f"{candidate}^{{commit}}")
                except GitError:
                    continue
        for release in releases(self.git):
            if str(release.version) == name.removeprefix("v"):
                return release.commit
        raise UpdateError(f"The template at {self.source} has no release or commit {name}.")

    def newest(self) -> Release:
        """The newest release.

        Raises:
            UpdateError: When there is none.
        """
        found = releases(self.git)
        stable = [release for release in found if not release.version.is_prerelease]
        if not stable:
            raise UpdateError(f"The template at {self.source} has no release.")
        return stable[-1]

    def version(self, commit: str) -> Version:
        """The release that a commit is, or comes after.

        Args:
            commit: The commit.

        Raises:
            UpdateError: When it is a commit of something else.
        """
        version = version_at(self.git, commit)
        declaration = self.git.raw("show", f"{commit}:{DECLARATION}") if version else b""
        if version is None or f'\nname = "{_NAME}"\n'.encode() not in declaration:
            raise UpdateError(
                f"{commit[:12]} in {self.source} is no commit of Twelvestar: "
                "the answers file belongs to another template."
            )
        return version

    def recorded_name(self, commit: str) -> str:
        """What the answers file says of a commit, so that Copier finds it again.

        Args:
            commit: The commit.
        """
        tags = self.git.text("tag", "--points-at", commit).split()
        versions = [tag for tag in tags if _is_version(tag)]
        return versions[0] if versions else commit

    def export(self, commit: str, folder: Path) -> Path:
        """Write what a commit has into a folder without a history.

        Args:
            commit: The commit.
            folder: A new folder.

        Returns:
            The folder.
        """
        folder.mkdir(parents=True)
        index = folder.with_name(f"{folder.name}.index")
        git = self.git.with_variables(GIT_INDEX_FILE=str(index))
        git.run("read-tree", commit)
        git.run("checkout-index", "--all", f"--prefix={folder}/")
        return folder

    def notes(self, old: Version, new: Version, commit: str) -> dict[str, str]:
        """The changelog's sections after one release, up to another.

        Args:
            old: The release that is left out.
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
            if _is_version(title.strip()) and old < Version(title.strip()) <= new:
                notes[title.strip()] = body.strip()
        return notes


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _address(source: str) -> str:
    for shortcut, host in _SHORTCUTS.items():
        if source.startswith(shortcut):
            return f"{host}{source.removeprefix(shortcut)}.git"
    return source
