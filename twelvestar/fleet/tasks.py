"""Tasks for workers and their outcomes, which are sent as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from .states import State

Mode = Literal["look", "preview", "branch", "commit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task for a worker, which contains no token.

    Attributes:
        key: The service.
        kind: Kind of its forge, `git` or `folder`.
        user: User name for the token, if git needs one; empty for the default of the kind.
        token: Location of the token: `env:NAME` or `file:PATH`; empty for none.
        source: Address or path of the repository.
        branch: The branch to update; empty for the default one.
        folder: The service's folder in the repository.
        release: The target release.
        commit: The template's commit of that release.
        sources: Allowed recorded locations of the template.
        proposal: Branch of the update.
        naming: Pattern of branch names, with `{release}` in it.
        author: Author of the update.
        mode: The last step to do.
        describe: Whether the report is needed, also for an update that is already pushed.
        drift: Whether to list template-owned files with local changes.
        megabytes: The largest repository that is fetched, in MB.
        seconds: Time limit of one git command.
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
        """Convert it to JSON, for a queue."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Read it from JSON.

        Args:
            document: The result of `to_json`.
        """
        return cls(**{**document, "sources": tuple(document["sources"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a task.

    Attributes:
        state: State of the service.
        why: A message with the reason.
        transient: Whether a retry may work.
        old: Its current release, or its recorded name of the commit.
        release: The target release.
        base: The commit that the update is based on.
        branch: The updated branch.
        made: The commit of the update.
        conflicts: Files in conflict, as `path:line`.
        files: Number of files that the update changes.
        text: The report as text.
        pushed: Whether the task has pushed or committed something.
        older: Branches of updates to earlier releases.
        drift: Template-owned files with local changes, if requested.
        answers: The service's answers that are short enough for a table.
        seconds: Duration, in s.
        cpu: CPU time, in s.
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
        """Convert it to JSON, for a queue and the journal."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Read it from JSON.

        Args:
            document: The result of `to_json`.
        """
        drift = document["drift"] if document["drift"] is None else tuple(document["drift"])
        lists = {name: tuple(document[name]) for name in ("conflicts", "older")}
        return cls(**{**document, **lists, "drift": drift, "state": State(document["state"])})
