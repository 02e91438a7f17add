"""What a service says of itself in its repository, read without trusting any of it."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ..git import Git, GitError

ANSWERS = ".copier-answers.yml"
# Reading YAML takes a second for 30 kB.
_LARGEST_ANSWERS, _LARGEST = 64 * 1024, 256 * 1024
_MOST_FILES = 100_000
_MOST_SERVICES = 500
_DEEPEST = 50
_MOST_DOTS = 300
_SCALARS = (bool, int, float, str)
_LONGEST = 80
_NAME = re.compile(r"(?:.*/)?[^/]*copier-answers[^/]*\.ya?ml")


class Unreadable(Exception):
    """A service that cannot be updated as it is, in one sentence."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service in one commit of its repository.

    Attributes:
        folder: Its folder; empty for the root of the repository.
        source: Where it says that the template is.
        commit: Which release or commit of the template it says that it has.
        answers: Its answers.
        wish: What its pyproject.toml says about the fleet.
    """

    folder: str
    source: str
    commit: str
    answers: Mapping[str, Any]
    wish: bool | str

    @property
    def version(self) -> Version | None:
        """The release that it says it has or comes after; None if it names a commit."""
        if "." not in self.commit:
            # A commit may have digits only.
            return None
        try:
            return Version(re.sub(r"-\d+-g[0-9a-f]+$", "", self.commit))
        except ValueError:
            # Also for a number without end.
            return None

    @property
    def digest(self) -> str:
        """A short name for its answers."""
        text = json.dumps(self.answers, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def shown_answers(self) -> dict[str, Any]:
        """Its answers as far as they fit into a table."""
        return {
            name: value
            for name, value in self.answers.items()
            if isinstance(value, _SCALARS) and len(str(value)) <= _LONGEST
        }

    def wants(self, release: Version) -> bool:
        """Whether it lets the fleet bring it to a release.

        Args:
            release: The release.

        Raises:
            Unreadable: When its wish is neither a yes or no nor a range.
        """
        if isinstance(self.wish, bool):
            return self.wish
        try:
            return SpecifierSet(self.wish).contains(release, prereleases=True)
        except ValueError as error:
            raise Unreadable(
                "tool.twelvestar.fleet in pyproject.toml is neither true, false nor a range such "
                f'as "<2": {self.wish[:_LONGEST]!a}.'
            ) from error


def folders(git: Git, commit: str) -> list[str]:
    """Find the services in a commit.

    Args:
        git: The repository.
        commit: The commit.

    Returns:
        Their folders; the root is empty.

    Raises:
        Unreadable: When it has more files than anything should.
    """
    listing = git.raw("ls-tree", "-r", "-z", "--name-only", commit).split(b"\0")
    if len(listing) > _MOST_FILES:
        raise Unreadable(f"It has more than {_MOST_FILES} files: keep the service in its own.")
    found = set()
    for path in listing:
        name = path.decode(errors="surrogateescape")
        if _NAME.fullmatch(name) and name.isprintable():
            found.add(name.rpartition("/")[0])
    if len(found) > _MOST_SERVICES:
        raise Unreadable(f"It has more than {_MOST_SERVICES} services: divide it.")
    return sorted(found)


def read_service(git: Git, commit: str, folder: str) -> Service | None:
    """Read what a service says of itself.

    Args:
        git: The repository.
        commit: The commit.
        folder: The service's folder.

    Returns:
        It; None where no file names a template.

    Raises:
        Unreadable: When it is broken, or made to do harm.
    """
    place = f"{folder}/" if folder else ""
    names = git.raw("ls-tree", "-z", "--name-only", f"{commit}:{folder}").decode(errors="replace")
    named = sorted(name for name in names.split("\0") if _NAME.fullmatch(name))
    if ANSWERS in named:
        named = [ANSWERS]
    if not named:
        return None
    if len(named) > 1:
        raise Unreadable(f"It has several answers files ({', '.join(named)}): leave one.")
    text = _text(git, f"{commit}:{place}{named[0]}", named[0], _LARGEST_ANSWERS)
    answers = _answers(text or "", named[0])
    source, recorded = answers.get("_src_path"), answers.get("_commit")
    if not isinstance(source, str) or not recorded:
        return None
    if len(str(recorded)) > _LONGEST:
        raise Unreadable(f"{named[0]} names no commit: restore it from an earlier commit.")
    return Service(
        folder=folder,
        source=source,
        commit=str(recorded),
        answers={name: value for name, value in answers.items() if not name.startswith("_")},
        wish=_wish(_text(git, f"{commit}:{place}pyproject.toml", "pyproject.toml")),
    )


def _text(git: Git, place: str, name: str, largest: int = _LARGEST) -> str | None:
    try:
        size = int(git.text("cat-file", "-s", place))
    except (GitError, ValueError):
        return None
    if size > largest:
        raise Unreadable(f"{name} has {size} bytes: it is no file of this template.")
    try:
        return git.raw("cat-file", "blob", place).decode()
    except (GitError, UnicodeDecodeError) as error:
        raise Unreadable(f"{name} is no text: restore it from an earlier commit.") from error


def _answers(text: str, name: str) -> dict[str, Any]:
    try:
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            # An alias makes a short file grow without end.
            if isinstance(event, yaml.AliasEvent):
                raise Unreadable(f"{name} has YAML aliases: restore it from an earlier commit.")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise Unreadable(f"{name} is nested too deep: restore it from an earlier commit.")
        found = yaml.safe_load(text)
        json.dumps(found, default=str)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise Unreadable(f"{name} is not valid YAML: restore it from an earlier commit.") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise Unreadable(f"{name} holds no answers: restore it from an earlier commit.")
    return found


def _wish(text: str | None) -> bool | str:
    if text is None:
        return True
    if max(line.count(".") for line in text.split("\n")) > _MOST_DOTS:
        # Reading a key takes the square of its parts.
        raise Unreadable("pyproject.toml has a key of too many parts: mend it.")
    try:
        found = tomllib.loads(text).get("tool", {}).get("twelvestar", {}).get("fleet", True)
    except (ValueError, RecursionError) as error:
        raise Unreadable("pyproject.toml is not valid TOML: mend it.") from error
    except AttributeError:
        return True
    return found if isinstance(found, bool) else str(found)
