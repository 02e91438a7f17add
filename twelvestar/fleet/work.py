"""The task for one repository: read it, compute the update, push it.

It runs in a worker and is idempotent: finished steps are detected and not repeated.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from packaging.version import Version

from ..errors import Problem
from ..git import GitError
from ..places import is_same, shown
from . import message
from .access import Access, author, ignore_settings, user_of, write_askpass
from .branches import older_branches
from .clones import Clone, NotReached, Remote, Unfit
from .forges import ForgeError, read_token, redact
from .service import Service, Unreadable, folders, read_service
from .states import LEFT_OUT, State
from .tasks import Outcome, Task
from .visible import visible

_LONGEST = 100


class Updates(Protocol):
    """The update program of a release, as its protocol defines it.

    See `updating/protocol.py` of the release.
    """

    def commit(self, repository: Path, parent: str, folder: str, to: str) -> dict[str, Any]:
        """Commit an update to a repository, without moving a branch."""

    def update(self, folder: Path, to: str) -> dict[str, Any]:
        """Update and commit a project in its folder."""

    def drift(self, repository: Path, parent: str, folder: str) -> dict[str, Any]:
        """Compare a project with a fresh render."""

    def close(self) -> None:
        """Remove temporary data of this process."""


def load_updates(code: Path, template: Path, renders: Path) -> Updates:
    """Import the update program of a release; a process can only import one.

    Args:
        code: An export of the release.
        template: A clone of the template.
        renders: A folder for renders.
    """
    if (known := sys.modules.get("updating")) is not None:
        assert Path(str(known.__file__)).is_relative_to(code), "one release in a process"
    if str(code) not in sys.path:
        sys.path.insert(0, str(code))
    protocol = importlib.import_module("updating.protocol")
    updates: Updates = protocol.Updates(template, renders)
    return updates


class Worker:
    """Runs tasks, one after the other.

    Args:
        state: The state folder.
        updates: The update program; None if no update is computed.
    """

    def __init__(self, state: Path, updates: Updates | None) -> None:
        ignore_settings()
        self._state = state
        self._updates = updates
        self._askpass = write_askpass(state)

    def look(self, task: Task, *, whole: bool) -> dict[str, Outcome]:
        """Find the services of a repository and their states.

        Args:
            task: The task for the repository.
            whole: Whether to search all folders, not only the task's.

        Returns:
            The outcome of each, by folder.
        """
        secrets: list[str] = []
        found: dict[str, Outcome] = {}

        def look() -> Outcome:
            clone, remote, base, outcome = self._reach(task, secrets)
            places = folders(clone.git, base) if whole else [task.folder]
            for folder in places or [""]:
                of_folder = replace(task, folder=folder)
                found[folder] = self._stand(of_folder, clone, remote, outcome)[1]
            return outcome

        failed = self._guarded(look, secrets)
        return {folder: _redacted(outcome, secrets) for folder, outcome in found.items()} or {
            task.folder: failed
        }

    def do(self, task: Task) -> Outcome:
        """Run a task; errors are in the outcome.

        Args:
            task: The task.
        """
        before = time.monotonic(), _cpu()
        secrets: list[str] = []

        def do() -> Outcome:
            clone, remote, _, outcome = self._reach(task, secrets)
            service, outcome = self._stand(task, clone, remote, outcome)
            if service is None or outcome.state in LEFT_OUT or outcome.state is State.REFUSED:
                return outcome
            return self._update(task, clone, remote, service, outcome)

        outcome = self._guarded(do, secrets)
        return replace(
            outcome,
            seconds=round(time.monotonic() - before[0], 3),
            cpu=round(_cpu() - before[1], 3),
        )

    def is_ours(self, task: Task, commit: str) -> bool:
        """Whether a commit is an unchanged update by the fleet.

        Args:
            task: The task for the service.
            commit: Full id of the commit, at the tip of a branch.
        """
        secrets: list[str] = []
        ours = False

        def look() -> Outcome:
            nonlocal ours
            clone, _, _, outcome = self._reach(task, secrets)
            clone.fetch(commit)
            found = message.read(clone.git, commit)
            ours = found is not None and found.untouched
            return outcome

        self._guarded(look, secrets)
        return ours

    def _guarded(self, act: Callable[[], Outcome], secrets: list[str]) -> Outcome:
        """Convert errors to an outcome without secrets."""
        try:
            outcome = act()
        except NotReached as error:
            outcome = _failed(f"The repository cannot be reached: {error}", transient=True)
        except (Unfit, Unreadable) as error:
            outcome = Outcome(state=State.REFUSED, why=str(error))
        except (GitError, OSError) as error:
            outcome = _failed(_sentence_of(error))
        except (ForgeError, Problem) as error:
            outcome = _failed(str(error))
        except MemoryError:
            outcome = _failed("The worker ran out of memory.")
        except Exception as error:
            # No error of one repository may stop the others.
            line = traceback.format_exception_only(error)[-1].strip()
            outcome = _failed(f"The program of the update failed: {line}")
        return _redacted(outcome, secrets)

    def _reach(self, task: Task, secrets: list[str]) -> tuple[Clone, Remote, str, Outcome]:
        if task.token:
            secrets.append(read_token(task.token))
        access = Access(task.user or user_of(task.kind), "".join(secrets), self._askpass)
        clone = Clone(
            self._state, task.source, access, megabytes=task.megabytes, seconds=task.seconds
        )
        # A forge's default branch need not be the repository's HEAD.
        updates = task.naming.replace("{release}", "*")
        remote = clone.look(*filter(None, (updates, task.branch)))
        branch = task.branch or remote.default or "HEAD"
        if not (base := remote.branches.get(branch, "")):
            if remote.branches or task.branch:
                raise Unreadable(f"It has no branch {branch}: set its default branch.")
            raise Unreadable("It has no commit yet.")
        clone.fetch(base)
        outcome = Outcome(state=State.FOUND, release=task.release, base=base, branch=branch)
        return clone, remote, base, outcome

    def _stand(
        self, task: Task, clone: Clone, remote: Remote, outcome: Outcome
    ) -> tuple[Service | None, Outcome]:
        others = set(remote.branches) - {outcome.branch, remote.default}
        older = older_branches(task.naming, others, Version(task.release), task.folder)
        outcome = replace(outcome, older=older)
        try:
            service = read_service(clone.git, outcome.base, task.folder)
            if service is None:
                why = "It has no answers file that names a template."
                return None, replace(outcome, state=State.FOREIGN, why=why)
            state, why = _standing(service, task)
        except Unreadable as error:
            return None, replace(outcome, state=State.REFUSED, why=str(error))
        outcome = replace(
            outcome, state=state, why=why, old=service.commit, answers=service.shown_answers()
        )
        if task.drift and state is not State.FOREIGN:
            outcome = replace(outcome, drift=self._drift(clone, outcome.base, task))
        return service, outcome

    def _update(
        self, task: Task, clone: Clone, remote: Remote, service: Service, outcome: Outcome
    ) -> Outcome:
        trailers = message.Trailers(task.release, outcome.base, service.digest)
        there = remote.branches.get(task.proposal, "")
        same: message.Found | None = None
        if there and task.mode == "branch":
            clone.fetch(there)
            found = message.read(clone.git, there)
            if found is None or not found.untouched:
                why = f"Others have committed to {task.proposal}, so it is left alone."
                return replace(outcome, state=State.THEIRS, made=there, why=why)
            same = found if found.trailers.is_same(trailers) else None
        kept = _place_of(task, clone, trailers)
        if same and not (same.conflicts or task.describe or kept.exists()):
            return replace(outcome, state=State.PUSHED, made=there)
        computed = self._computed(task, clone, outcome, trailers, kept)
        if computed.state not in (State.CLEAN, State.CONFLICTS) or task.mode == "preview":
            return computed
        if task.mode == "commit" and computed.state is State.CLEAN:
            return self._commit(task, clone, computed)
        if same:
            # Keep the pushed commit: one from another day may have another lock file.
            return replace(computed, state=State.PUSHED, made=there)
        clone.push(computed.made, task.proposal, there)
        return replace(computed, state=State.PUSHED, pushed=True)

    def _computed(
        self, task: Task, clone: Clone, outcome: Outcome, trailers: message.Trailers, kept: Path
    ) -> Outcome:
        """Compute the update, or read it from disk."""
        # Another version of this command may have stored another format.
        with suppress(OSError, ValueError, TypeError, KeyError):
            before = Outcome.from_json(json.loads(kept.read_text(encoding="utf-8")))
            return replace(before, older=outcome.older, drift=outcome.drift)
        assert self._updates is not None
        result = self._updates.commit(clone.folder, outcome.base, task.folder, task.commit)
        if "report" not in result:
            state = State.REFUSED if result["status"] == 1 else State.FAILED
            return replace(outcome, state=state, why=result["sentence"])
        report = result["report"]
        if not report["commit"]:
            return replace(outcome, state=State.CURRENT, why="The update changes nothing.")
        tree = clone.git.text("log", "-1", "--format=%T", report["commit"])
        made = message.write(clone.git, tree, report, trailers, task.author, task.folder)
        clone.git.raw("update-ref", f"refs/fleet/made/{made}", made)
        computed = _with_report(outcome, made, report, result["text"])
        kept.parent.mkdir(exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(computed.to_json()), encoding="utf-8")
        new.replace(kept)
        return computed

    def _commit(self, task: Task, clone: Clone, outcome: Outcome) -> Outcome:
        """Commit an update without conflicts to the branch itself."""
        if task.kind != "folder":
            clone.push(outcome.made, outcome.branch, outcome.base)
            return replace(outcome, state=State.UPDATED, pushed=True)
        assert self._updates is not None
        with author(task.author):
            result = self._updates.update(Path(task.source) / task.folder, task.commit)
        if "report" not in result:
            state = State.REFUSED if result["status"] == 1 else State.FAILED
            return replace(outcome, state=state, why=result["sentence"])
        made = result["report"]["commit"] or ""
        return replace(outcome, state=State.UPDATED, made=made, pushed=bool(made))

    def _drift(self, clone: Clone, base: str, task: Task) -> tuple[str, ...] | None:
        assert self._updates is not None
        result = self._updates.drift(clone.folder, base, task.folder)
        return tuple(result["paths"]) if "paths" in result else None


def _place_of(task: Task, clone: Clone, trailers: message.Trailers) -> Path:
    """Folder of a computed update."""
    about = "\n".join((task.commit, trailers.base, trailers.answers, task.folder, task.author))
    return clone.folder / "updates" / hashlib.sha256(about.encode()).hexdigest()[:40]


def _standing(service: Service, task: Task) -> tuple[State, str]:
    if not any(is_same(service.source, each) for each in task.sources):
        return State.FOREIGN, f"It was generated from {shown(service.source)}."
    release = Version(task.release)
    has = service.version
    if has is not None and service.commit == str(has):
        if has == release:
            return State.CURRENT, ""
        if has > release:
            return State.NEWER, f"It has {has}."
    if not service.wants(release):
        if service.wish is False:
            return State.OPTED_OUT, "Its pyproject.toml says tool.twelvestar.fleet = false."
        return State.OPTED_OUT, f"Its pyproject.toml allows only {service.wish}."
    return State.FOUND, ""


def _with_report(outcome: Outcome, made: str, report: dict[str, Any], text: str) -> Outcome:
    places = [
        f"{each['path']}:{line}" if line else each["path"]
        for each in report["conflicts"]
        for line in (each["lines"] or [0])
    ]
    changes = ("added", "changed", "removed", "moved", "conflicts")
    return replace(
        outcome,
        state=State.CONFLICTS if places else State.CLEAN,
        why=_in_conflict(len(report["conflicts"])),
        old=report["old"]["version"],
        made=made,
        conflicts=tuple(places),
        files=len({str(each) for name in changes for each in report[name]}),
        text=text,
    )


def _in_conflict(files: int) -> str:
    return f"{files} {'file' if files == 1 else 'files'} in conflict." if files else ""


def _failed(why: str, *, transient: bool = False) -> Outcome:
    return Outcome(state=State.FAILED, why=why, transient=transient)


def _sentence_of(error: GitError | OSError) -> str:
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"It failed: {where}{error.strerror or error}"
    return f"Git failed: {error}"


def _redacted(outcome: Outcome, secrets: list[str]) -> Outcome:
    """An outcome without secrets and control characters."""
    return replace(
        outcome,
        why=redact(outcome.why, secrets),
        old=_without(outcome.old, secrets)[:_LONGEST],
        text="\n".join(_without(line, secrets) for line in outcome.text.split("\n")),
        conflicts=tuple(_without(place, secrets) for place in outcome.conflicts),
        drift=outcome.drift and tuple(_without(path, secrets) for path in outcome.drift),
        answers={
            visible(name): _without(answer, secrets) if isinstance(answer, str) else answer
            for name, answer in outcome.answers.items()
        },
    )


def _without(line: str, secrets: list[str]) -> str:
    # Unlike `redact`, this does not limit the length.
    for secret in secrets:
        line = line.replace(secret, "***")
    return visible(line)


def _cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


@contextmanager
def worker(state: Path, code: Path | None, template: Path) -> Iterator[Worker]:
    """Make a worker for the duration of the context.

    Args:
        state: The state folder.
        code: An export of the release; None if no update is computed.
        template: A clone of the template.
    """
    updates = load_updates(code, template, state.absolute() / "renders") if code else None
    try:
        yield Worker(state, updates)
    finally:
        if updates:
            updates.close()
