"""Releases of the template, read from its history.

A release is a commit in the first-parent history that sets `version` in pyproject.toml. Tags are
not needed: they are made from this.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from .errors import UpdateError
from .git import Git, GitError

DECLARATION = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Release:
    """One release.

    Attributes:
        version: Its version.
        commit: Full id of its commit.
    """

    version: Version
    commit: str


def releases(git: Git, tip: str = "HEAD") -> list[Release]:
    """Find the releases, lowest first.

    A commit that lowers the version withdraws the releases above it. If a version is set twice, the
    later commit is the release.

    Args:
        git: The template's repository.
        tip: Where history ends.

    Raises:
        UpdateError: When the clone is shallow, so that its first commit could look like a release.
    """
    if git.text("rev-parse", "--is-shallow-repository") == "true":
        raise UpdateError(
            "The template is a shallow clone, so its releases are not all known: run `git fetch "
            "--unshallow` there."
        )
    listing = ("--first-parent", "--reverse", "--format=%H", "-G^version *=")
    commits = git.text("log", *listing, tip, "--", DECLARATION).split()
    found: dict[Version, Release] = {}
    current: Version | None = None
    for commit in commits:
        version = version_at(git, commit)
        if version is None or version == current:
            continue
        if current is not None and version < current:
            found = {each: release for each, release in found.items() if each <= version}
        else:
            found[version] = Release(version, commit)
        current = version
    return [found[version] for version in sorted(found)]


def version_at(git: Git, commit: str) -> Version | None:
    """The version that a commit's pyproject.toml declares.

    Args:
        git: The template's repository.
        commit: The commit.

    Returns:
        The version; None if it declares none.
    """
    try:
        declared = tomllib.loads(git.raw("show", f"{commit}:{DECLARATION}").decode())
        return Version(declared["project"]["version"])
    except (GitError, KeyError, InvalidVersion, tomllib.TOMLDecodeError):
        return None


def is_version(text: str) -> bool:
    """Whether a text is a version.

    Args:
        text: Such as the name of a tag.
    """
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def tagged_clone(source: Path, destination: Path) -> list[Release]:
    """Clone the template and tag each release.

    Args:
        source: A clone of the template.
        destination: A new folder.

    Returns:
        The releases that got a tag.

    Raises:
        UpdateError: When the source is a shallow clone.
    """
    found = releases(Git(source))
    Git(source).run("clone", "--quiet", "--no-tags", str(source), str(destination))
    git = Git(destination)
    for release in found:
        git.run("tag", str(release.version), release.commit)
    return found
