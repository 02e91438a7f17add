"""The inventory: which services there are, as `fleet.toml` says."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ..errors import Problem
from .branches import branch_of

Kind = Literal["github", "gitlab", "gitea", "pagure", "git", "folder"]
Draft = Literal["always", "conflicts", "never"]
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_AUTHOR = re.compile(r"[^<>\n]+ <[^<>\s]+>")
_TOKEN = re.compile(r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$")


def _share(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%", value)):
        return float(found[1]) / 100
    raise ValueError('write a share such as "80%"')


def _duration(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,4}) ?([hdw])", value)):
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    raise ValueError('write a time such as "12h", "7d" or "2w"')


def _specifier(value: object) -> object:
    try:
        return SpecifierSet(str(value))
    except InvalidSpecifier as error:
        raise ValueError('write a range of releases such as "<1.6"') from error


Share = Annotated[float, BeforeValidator(_share)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Range = Annotated[SpecifierSet, BeforeValidator(_specifier)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Query(_Table):
    """Which repositories of a forge are looked for.

    Attributes:
        org: An organisation, or on GitLab a group with its subgroups.
        user: A user, instead of an organisation.
        topic: Only repositories with this topic.
    """

    org: str = ""
    user: str = ""
    topic: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Query:
        if not (self.org or self.user or self.topic):
            raise ValueError("name an org, a user or a topic")
        return self


class Place(_Table):
    """A forge, a number of repositories, or folders.

    Attributes:
        kind: What it is.
        url: Address of a forge of one's own.
        token: Where its token is: `env:NAME` or `file:PATH`.
        user: Whose the token is, where git has to say so, as on Pagure.
        find: What is looked for on a forge.
        repos: Names of repositories on a forge, or addresses for plain git.
        glob: Patterns of folders, from the inventory's own.
        exclude: Patterns of names that are left out.
        pace: Time between two changes on a forge, in s; by default what its kind asks for.
    """

    kind: Kind
    url: str = ""
    token: str = ""
    user: str = ""
    find: tuple[Query, ...] = ()
    repos: tuple[str, ...] = ()
    glob: Annotated[
        tuple[str, ...], BeforeValidator(lambda each: [each] if isinstance(each, str) else each)
    ] = ()
    exclude: tuple[str, ...] = ()
    pace: float | None = Field(default=None, ge=0, le=60)

    @property
    def is_forge(self) -> bool:
        """Whether it has pull requests."""
        return self.kind not in ("git", "folder")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Place:
        if self.token and not _TOKEN.fullmatch(self.token):
            raise ValueError(
                'a token does not stand in the inventory: write token = "env:NAME" or "file:PATH"'
            )
        if self.kind == "folder" and (not self.glob or self.find or self.repos or self.url):
            raise ValueError('of kind "folder", write glob = "~/src/*" and nothing of a forge')
        if self.kind == "git" and (not self.repos or self.find or self.glob or self.url):
            raise ValueError('of kind "git", write repos = ["ssh://host/path.git"], and no url')
        if self.is_forge and (self.glob or not (self.find or self.repos)):
            raise ValueError('write find = [{ org = "name" }] or repos = ["org/name"]')
        if self.kind in ("gitea", "pagure") and not self.url:
            raise ValueError(f'of kind "{self.kind}", write url = "https://host"')
        if self.is_forge and not self.token:
            raise ValueError('write token = "env:NAME" with the variable of its token')
        return self


class Condition(_Table):
    """When the wave after a wave may begin.

    Attributes:
        merged: Share of the wave that has to have the release.
        within: How long that may take, before it counts as failed.
        failed: Largest share of the wave that may have failed.
    """

    merged: Share = 1.0
    within: Duration | None = None
    failed: Share = 0.0


class Wave(_Table):
    """Services that are updated before others.

    Attributes:
        name: What it is called.
        only: Patterns of names.
        then: When the next wave may begin.
    """

    name: str
    only: tuple[str, ...]
    then: Condition = Condition()


class Rule(_Table):
    """What holds for one repository.

    Attributes:
        name: Its name, or a pattern.
        pin: Releases that it may get.
        reason: Why not others.
        until: The last day of that.
    """

    name: str
    pin: Range
    reason: str = ""
    until: date | None = None

    def keeps_from(self, release: Version, today: date) -> bool:
        """Whether it keeps a repository from a release.

        Args:
            release: The release.
            today: The day.
        """
        over = self.until is not None and today > self.until
        return not over and not self.pin.contains(release, prereleases=True)


class Defaults(_Table):
    """What holds for all.

    Attributes:
        branch: Name of the branch of an update, with `{release}` in it.
        labels: Labels of pull requests.
        draft: Which pull requests are drafts.
        author: Name and address of the author of updates.
        megabytes: The largest repository that is fetched, in MB.
        seconds: The longest that one command of git may take.
        stale: How long a pull request may be open.
    """

    branch: str = "template-{release}"
    labels: tuple[str, ...] = ()
    draft: Draft = "conflicts"
    author: str = "Twelvestar <twelvestar@localhost>"
    megabytes: int = Field(default=512, ge=1, le=100_000)
    seconds: int = Field(default=300, ge=1, le=86_400)
    stale: Duration = timedelta(days=30)

    @model_validator(mode="after")
    def _can_be_used(self) -> Defaults:
        name = self.branch.replace("{release}", "1.0")
        if self.branch.count("{release}") != 1 or not re.fullmatch(r"[\w][\w./+-]*[\w]", name):
            raise ValueError('write a branch such as "template-{release}"')
        if not _AUTHOR.fullmatch(self.author):
            raise ValueError('write an author such as "Platform <platform@example.org>"')
        return self


class Inventory(_Table):
    """All of it.

    Attributes:
        template: Where the template is: the only code that is run.
        template_token: Where the token for it is: `env:NAME` or `file:PATH`.
        sources: What else services may say that they were generated from.
        defaults: What holds for all.
        forge: Where services are.
        wave: The order.
        repo: What holds for single repositories.
        folder: Where the inventory is, which its relative paths begin at.
    """

    template: str
    template_token: Annotated[str, Field(pattern=_TOKEN)] = ""
    sources: tuple[str, ...] = ()
    defaults: Defaults = Defaults()
    forge: Annotated[tuple[Place, ...], Field(min_length=1)]
    wave: tuple[Wave, ...] = ()
    repo: tuple[Rule, ...] = ()
    folder: Annotated[Path, Field(exclude=True)] = Path()

    def rule(self, name: str, release: Version) -> Rule | None:
        """Find what keeps a repository from a release.

        Args:
            name: The repository.
            release: The release.
        """
        today = datetime.now(UTC).date()
        for rule in self.repo:
            if matches(name, (rule.name,)) and rule.keeps_from(release, today):
                return rule
        return None

    def wave_of(self, name: str) -> int:
        """Which wave a repository is in.

        Args:
            name: The repository.

        Returns:
            Its index; the number of waves for the rest.
        """
        for index, wave in enumerate(self.wave):
            if matches(name, wave.only):
                return index
        return len(self.wave)

    def branch(self, release: Version, folder: str = "") -> str:
        """Name the branch of an update.

        Args:
            release: The release.
            folder: The service's folder in its repository.
        """
        return branch_of(self.defaults.branch, release, folder)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name fits one of some patterns.

    Args:
        name: The name.
        patterns: Patterns as the shell has them; `*` stands for slashes too.
    """
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def read_inventory(path: Path) -> Inventory:
    """Read an inventory.

    Args:
        path: The file.

    Raises:
        Problem: When it is wrong, with the key in question.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Problem(
            f"There is no {path}: write one as docs/fleet.md shows, or name it with --inventory."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise Problem(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    try:
        return Inventory(**{**document, "folder": path.absolute().parent})
    except ValidationError as error:
        raise Problem(f"{path}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    # What is missing may only be misspelt.
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    where = _where(first["loc"])
    if first["type"] == "extra_forbidden":
        known = _fields(first["loc"][:-1])
        key = str(first["loc"][-1])
        near = get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}."
        return f"there is no key {where}: {hint}"
    said = first["msg"].removeprefix("Value error, ")
    said = f"{said[0].lower()}{said[1:]}".removesuffix(".")
    return f"{where + ': ' if where else ''}{said}."


def _where(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _fields(location: tuple[int | str, ...]) -> list[str]:
    tables: dict[str, type[_Table]] = {
        "defaults": Defaults,
        "find": Query,
        "forge": Place,
        "repo": Rule,
        "then": Condition,
        "wave": Wave,
    }
    names = [part for part in location if isinstance(part, str)]
    table: Any = tables[names[-1]] if names else Inventory
    return [name for name in table.model_fields if name != "folder"]
