"""The inventory of services, `fleet.toml`."""

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
    raise ValueError('write a percentage such as "80%"')


def _duration(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,4}) ?([hdw])", value)):
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    raise ValueError('write a duration such as "12h", "7d" or "2w"')


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
    """A query for repositories of a forge.

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
            raise ValueError("set org, user or topic")
        return self


class Place(_Table):
    """A forge, a list of repositories, or folders.

    Attributes:
        kind: Its kind.
        url: URL of a self-hosted forge.
        token: Location of its token: `env:NAME` or `file:PATH`.
        user: User name for the token, if git needs one, as on Pagure.
        find: Queries for repositories on a forge.
        repos: Names of repositories on a forge, or URLs for plain git.
        glob: Patterns of folders, relative to the inventory's.
        exclude: Patterns of names to leave out.
        pace: Pause between two changes on a forge, in s; the default depends on the kind.
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
                'the inventory must not contain a token: write token = "env:NAME" or "file:PATH"'
            )
        if self.kind == "folder" and (not self.glob or self.find or self.repos or self.url):
            raise ValueError('kind "folder" needs glob = "~/src/*", and takes no keys of a forge')
        if self.kind == "git" and (not self.repos or self.find or self.glob or self.url):
            raise ValueError('kind "git" needs repos = ["ssh://host/path.git"], and takes no url')
        if self.is_forge and (self.glob or not (self.find or self.repos)):
            raise ValueError('write find = [{ org = "name" }] or repos = ["org/name"]')
        if self.kind in ("gitea", "pagure") and not self.url:
            raise ValueError(f'kind "{self.kind}" needs url = "https://host"')
        if self.is_forge and not self.token:
            raise ValueError('write token = "env:NAME" with the variable that has the token')
        return self


class Condition(_Table):
    """The condition for the next wave to start.

    Attributes:
        merged: Share of the wave that must have the release.
        within: Time after which the report warns that the wave takes too long.
        failed: Largest share of the wave that may fail or be refused.
    """

    merged: Share = 1.0
    within: Duration | None = None
    failed: Share = 0.0


class Wave(_Table):
    """Services that are updated before others.

    Attributes:
        name: Its name.
        only: Patterns of names.
        then: The condition for the next wave to start.
    """

    name: str
    only: tuple[str, ...]
    then: Condition = Condition()


class Rule(_Table):
    """Options of one repository.

    Attributes:
        name: Its name, or a pattern.
        pin: The allowed releases.
        reason: The reason for the pin.
        until: The last day of the pin.
    """

    name: str
    pin: Range
    reason: str = ""
    until: date | None = None

    def keeps_from(self, release: Version, today: date) -> bool:
        """Whether it does not allow a release.

        Args:
            release: The release.
            today: The current date.
        """
        over = self.until is not None and today > self.until
        return not over and not self.pin.contains(release, prereleases=True)


class Defaults(_Table):
    """Options of all services.

    Attributes:
        branch: Name of the branch of an update, with `{release}` in it.
        labels: Labels of pull requests.
        draft: Which pull requests are drafts.
        author: Name and address of the author of updates.
        megabytes: The largest repository that is fetched, in MB.
        seconds: Time limit of one git command.
        stale: Age after which an open pull request is stale.
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
    """The whole inventory.

    Attributes:
        template: Location of the template: the only code that is executed.
        template_token: Location of its token: `env:NAME` or `file:PATH`.
        sources: Other locations of the template that services may have recorded.
        defaults: Options of all services.
        forge: Forges, repositories and folders with services.
        wave: The waves, in order.
        repo: Options of single repositories.
        folder: Folder of the inventory, for relative paths.
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
        """Find the rule that does not allow a release for a repository.

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
    """Whether a name matches one of several patterns.

    Args:
        name: The name.
        patterns: Shell patterns; `*` also matches slashes.
    """
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def read_inventory(path: Path) -> Inventory:
    """Read an inventory.

    Args:
        path: The file.

    Raises:
        Problem: When it is invalid; the message names the key.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Problem(
            f"There is no {path}: write one as docs/fleet.md shows, or give its path with "
            "--inventory."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise Problem(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    try:
        return Inventory(**{**document, "folder": path.absolute().parent})
    except ValidationError as error:
        raise Problem(f"{path}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    # A missing key may be misspelt.
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
