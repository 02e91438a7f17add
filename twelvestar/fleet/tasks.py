"""What workers are told, and what they answer, as JSON can say it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from .states import State

Mode = Literal["look", "preview", "branch", "commit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a worker is told, as JSON can say it; no token is among it.

    Attributes:
        key: The service.
        kind: Kind of its forge, `git` or `folder`.
        user: Whose the token is, where git has to say so; empty for what the kind wants.
        token: Where the token is: `env:NAME` or `file:PATH`; empty for none.
        source: Address or path of the repository.
        branch: The branch that is updated; empty for the default one.
        folder: The service's folder in the repository.
        release: The release that it goes to.
        commit: The template's commit of that release.
        sources: Where it may say that the template is.
        proposal: Branch of the update.
        naming: How branches of updates are named, with `{release}` in it.
        author: Author of the update.
        mode: How far to go.
        describe: Whether the report is needed, also of an update that is pushed already.
        drift: Whether to look which files of the template were changed.
        megabytes: The largest repository that is fetched, in MB.
        seconds: The longest that one command of git may take.
    """

    key: str
    kind: str
    user: str = ""
    token: str
    source: str
    branch: str = ""
    folder: str
    release: str
    commit: str
    sources: tuple[str, ...]
    proposal: str
    naming: str
    author: str
    mode: Mode
    describe: bool = False
    drift: bool = False
    megabytes: int
    seconds: int

    def to_json(self) -> dict[str, Any]:
        """It, for a queue."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """It, from a queue.

        Args:
            told: What `to_json` made.
        """
        return cls(**{**told, "sources": tuple(told["sources"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a task, as JSON can say it.

    Attributes:
        state: Where the service stands.
        why: One sentence on that.
        transient: Whether the same may work later.
        old: The release that it has, or what it calls its commit.
        release: The release that it goes to.
        base: The commit that the update is based on.
        branch: The branch that is updated.
        made: The commit of the update.
        conflicts: Files in conflict, as `path:line`.
        files: How many files change.
        text: The report for people.
        pushed: Whether something was pushed or committed now.
        older: Branches of updates to earlier releases.
        drift: Files of the template that people changed, if that was asked.
        answers: The service's answers, those that fit into a table.
        seconds: Time that it took, in s.
        cpu: Time of the processor, in s.
    """

    state: State
    why: str = ""
    transient: bool = False
    old: str = ""
    release: str = ""
    base: str = ""
    branch: str = ""
    made: str = ""
    conflicts: tuple[str, ...] = ()
    files: int = 0
    text: str = ""
    pushed: bool = False
    older: tuple[str, ...] = ()
    drift: tuple[str, ...] | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    cpu: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """It, for a queue and the journal."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """It, from a queue.

        Args:
            told: What `to_json` made.
        """
        drift = told["drift"] if told["drift"] is None else tuple(told["drift"])
        lists = {name: tuple(told[name]) for name in ("conflicts", "older")}
        return cls(**{**told, **lists, "drift": drift, "state": State(told["state"])})
