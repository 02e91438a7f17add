"""Reading a service's answers and options from its repository, which is untrusted."""

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
# Parsing 30 kB of YAML can take a second.
_LARGEST_ANSWERS, _LARGEST = 64 * 1024, 256 * 1024
_MOST_FILES = 100_000
_MOST_SERVICES = 500
_DEEPEST = 50
_MOST_DOTS = 300
_SCALARS = (bool, int, float, str)
_LONGEST = 80
_NAME = re.compile(r"(?:.*/)?[^/]*copier-answers[^/]*\.ya?ml")


class Unreadable(Exception):
    """A service that cannot be updated until its owners fix it."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service in one commit of its repository.

    Attributes:
        folder: Its folder; empty for the root of the repository.
        source: The recorded location of the template.
        commit: The recorded release or commit of the template.
        answers: Its answers.
        wish: The value of tool.twelvestar.fleet in its pyproject.toml.
    """

    folder: str
    source: str
    commit: str
    answers: Mapping[str, Any]
    wish: bool | str

    @property
    def version(self) -> Version | None:
        """Its recorded release, or the last one before its commit; None for a commit id."""
        if "." not in self.commit:
            # A commit id may consist of digits.
            return None
        try:
            return Version(re.sub(r"-\d+-g[0-9a-f]+$", "", self.commit))
        except ValueError:
            # Also raised for very long numbers.
            return None

    @property
    def digest(self) -> str:
        """A short hash of its answers."""
        text = json.dumps(self.answers, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def shown_answers(self) -> dict[str, Any]:
        """Its answers that are short enough for a table."""
        return {
            name: value
            for name, value in self.answers.items()
            if isinstance(value, _SCALARS) and len(str(value)) <= _LONGEST
        }

    def wants(self, release: Version) -> bool:
        """Whether it allows the fleet to update it to a release.

        Args:
            release: The release.

        Raises:
            Unreadable: When the option is neither a boolean nor a range.
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
        Unreadable: When it has too many files.
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
        raise Unreadable(f"It has more than {_MOST_SERVICES} services: split it.")
    return sorted(found)


def read_service(git: Git, commit: str, folder: str) -> Service | None:
    """Read a service's answers and options.

    Args:
        git: The repository.
        commit: The commit.
        folder: The service's folder.

    Returns:
        The service; None if no file names a template.

    Raises:
        Unreadable: When it is invalid or malicious.
    """
    place = f"{folder}/" if folder else ""
    names = git.raw("ls-tree", "-z", "--name-only", f"{commit}:{folder}").decode(errors="replace")
    named = sorted(name for name in names.split("\0") if _NAME.fullmatch(name))
    if ANSWERS in named:
        named = [ANSWERS]
    if not named:
        return None
    if len(named) > 1:
        raise Unreadable(f"It has several answers files ({', '.join(named)}): keep only one.")
    text = _text(git, f"{commit}:{place}{named[0]}", named[0], _LARGEST_ANSWERS)
    answers = _answers(text or "", named[0])
    source, recorded = answers.get("_src_path"), answers.get("_commit")
    if not isinstance(source, str) or not recorded:
        return None
    if len(str(recorded)) > _LONGEST:
        raise Unreadable(f"{named[0]} has an invalid _commit: restore it from an earlier commit.")
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
        raise Unreadable(f"{name} is too large for a file of this template: it has {size} bytes.")
    try:
        return git.raw("cat-file", "blob", place).decode()
    except (GitError, UnicodeDecodeError) as error:
        raise Unreadable(f"{name} is not text: restore it from an earlier commit.") from error


def _answers(text: str, name: str) -> dict[str, Any]:
    try:
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            # Aliases can expand a short file without limit.
            if isinstance(event, yaml.AliasEvent):
                raise Unreadable(f"{name} has YAML aliases: restore it from an earlier commit.")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise Unreadable(f"{name} is nested too deeply: restore it from an earlier commit.")
        found = yaml.safe_load(text)
        json.dumps(found, default=str)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise Unreadable(f"{name} is not valid YAML: restore it from an earlier commit.") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise Unreadable(f"{name} contains no answers: restore it from an earlier commit.")
    return found


def _wish(text: str | None) -> bool | str:
    if text is None:
        return True
    if max(line.count(".") for line in text.split("\n")) > _MOST_DOTS:
        # Parsing a key takes quadratic time in the number of its parts.
        raise Unreadable("pyproject.toml has a key with too many parts: fix it.")
    try:
        found = tomllib.loads(text).get("tool", {}).get("twelvestar", {}).get("fleet", True)
    except (ValueError, RecursionError) as error:
        raise Unreadable("pyproject.toml is not valid TOML: fix it.") from error
    except AttributeError:
        return True
    return found if isinstance(found, bool) else str(found)
