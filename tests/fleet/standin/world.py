"""The state of the stand-in, and the rules that all forges share."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from .repos import Bare

SCOPES = ["repo", "workflow", "api", "read:user", "write:repository", "write:issue"]
"""Scopes of the standard token, by the names of each forge."""


class Refused(Exception):
    """A rule forbids a change.

    Args:
        rule: The rule: `exists`, `branch`, `base`, `empty`, `closed`, `draft`, `moved`,
            `conflicts` or `archived`.
        detail: The object that it is about.
    """

    def __init__(self, rule: str, detail: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.detail = detail


class Missing(Exception):
    """There is no such repository or pull request."""


@dataclass(slots=True, kw_only=True)
class Token:
    """A token, and its permissions."""

    user: str = "bot"
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    may_write: bool = True
    expired: bool = False


@dataclass(slots=True, kw_only=True)
class Pull:
    """A pull request, or merge request."""

    number: int
    branch: str
    base: str
    title: str
    body: str
    draft: bool
    author: str
    head: str
    base_head: str
    created: str
    updated: str
    state: Literal["open", "merged", "closed"] = "open"
    merged: str | None = None
    closed: str | None = None
    merge_commit: str | None = None
    labels: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    reviews: list[tuple[str, bool]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Repo:
    """A repository."""

    id: int
    name: str
    git: Bare
    topics: list[str]
    archived: bool
    private: bool
    size: int
    protected: list[str]
    created: str
    drafts: bool = True
    methods: list[str] = field(default_factory=lambda: ["merge", "squash", "rebase"])
    pulls: list[Pull] = field(default_factory=list)
    statuses: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    runs: dict[str, dict[str, str]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    writes: Counter[str] = field(default_factory=Counter)

    @property
    def owner(self) -> str:
        """Its name without the last part."""
        return self.name.rpartition("/")[0]

    @property
    def short(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]


@dataclass(slots=True, kw_only=True)
class Fault:
    """How the next matching requests fail."""

    match: str
    times: int = 1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    data: Any = None
    raw: str | None = None
    delay: float = 0.0
    held: float = 0.0
    drop: bool = False
    lost: bool = False
    echo: bool = False


class World:
    """All repositories, tokens and faults.

    Args:
        folder: Folder for the repositories.
        token: A token that may do everything.
    """

    def __init__(self, folder: Path, token: str) -> None:
        self.folder = folder
        self.repos: dict[str, Repo] = {}
        self.renamed: dict[str, str] = {}
        self.tokens = {token: Token()}
        self.faults: list[Fault] = []
        self.requests: list[dict[str, Any]] = []
        self.duplicates = False

    # Methods for the APIs.

    def repo(self, name: str) -> Repo:
        """A repository by its current name.

        Args:
            name: Its name; case does not matter.
        """
        try:
            return self.repos[name.lower()]
        except KeyError:
            raise Missing(name) from None

    def by_id(self, number: int) -> Repo:
        """A repository by its number.

        Args:
            number: The number.
        """
        for repo in self.repos.values():
            if repo.id == number:
                return repo
        raise Missing(str(number))

    def moved(self, name: str) -> Repo | None:
        """The repository that once had a name.

        Args:
            name: The old name.
        """
        seen = name.lower()
        while seen in self.renamed and seen not in self.repos:
            seen = self.renamed[seen]
        return None if seen == name.lower() else self.repos.get(seen)

    def of(self, owner: str) -> list[Repo]:
        """The repositories of an organisation or group, including subgroups.

        Args:
            owner: The organisation.
        """
        prefix = f"{owner.lower()}/"
        return [repo for name, repo in self.repos.items() if name.startswith(prefix)]

    def pull(self, repo: Repo, number: int) -> Pull:
        """A pull request.

        Args:
            repo: Its repository.
            number: Its number.
        """
        for pull in self.refreshed(repo):
            if pull.number == number:
                return pull
        raise Missing(f"{repo.name} {number}")

    def refreshed(self, repo: Repo) -> list[Pull]:
        """All pull requests of a repository, updated after pushes.

        Args:
            repo: The repository.
        """
        for pull in repo.pulls:
            if pull.state != "open":
                continue
            tip, base = repo.git.tip(pull.branch), repo.git.tip(pull.base)
            if tip is None:
                pull.state, pull.closed = "closed", now()
                continue
            if tip != pull.head:
                pull.head, pull.updated = tip, now()
            if base is not None and base != pull.base_head:
                pull.base_head = base
                if repo.git.is_ancestor(tip, base):
                    pull.state, pull.merged = "merged", now()
                    pull.merge_commit = base
        return repo.pulls

    def open(
        self, repo: Repo, *, branch: str, base: str, title: str, body: str, draft: bool, author: str
    ) -> Pull:
        """Open a pull request.

        Args:
            repo: The repository.
            branch: The branch to merge.
            base: The branch to merge into.
            title: Its title.
            body: Its description.
            draft: Whether it is a draft.
            author: Its author.
        """
        self._refuse_archived(repo)
        head, base_head = repo.git.tip(branch), repo.git.tip(base)
        if head is None:
            raise Refused("branch", branch)
        if base_head is None:
            raise Refused("base", base)
        if repo.git.is_ancestor(head, base_head):
            raise Refused("empty", f"{base} and {branch}")
        for pull in self.refreshed(repo):
            same = (pull.state, pull.branch, pull.base) == ("open", branch, base)
            if same and not self.duplicates:
                raise Refused("exists", str(pull.number))
        made = Pull(
            number=len(repo.pulls) + 1,
            branch=branch,
            base=base,
            title=title,
            body=body,
            draft=draft,
            author=author,
            head=head,
            base_head=base_head,
            created=now(),
            updated=now(),
        )
        repo.pulls.append(made)
        repo.writes["pull"] += 1
        return made

    def edit(self, repo: Repo, pull: Pull, **changes: Any) -> None:
        """Change a pull request's fields.

        Args:
            repo: Its repository.
            pull: The pull request.
            changes: Values by the field's name.
        """
        self._refuse_archived(repo)
        for name, value in changes.items():
            setattr(pull, name, value)
        pull.updated = now()
        repo.writes["edit"] += 1

    def merge(self, repo: Repo, pull: Pull, sha: str | None = None, method: str = "merge") -> str:
        """Merge a pull request.

        Args:
            repo: Its repository.
            pull: The pull request.
            sha: The required commit id of its head.
            method: `merge`, or `squash` for one commit.

        Returns:
            Id of the merge commit.
        """
        self._refuse_archived(repo)
        if pull.state != "open":
            raise Refused("closed")
        if pull.draft:
            raise Refused("draft")
        if sha is not None and sha != pull.head:
            raise Refused("moved")
        base = repo.git.tip(pull.base)
        tree = repo.git.merged_tree(base, pull.head) if base else None
        if base is None or tree is None:
            raise Refused("conflicts")
        message = f"Merge pull request #{pull.number} from {pull.branch}"
        parents = ["-p", base, *([] if method == "squash" else ["-p", pull.head])]
        made = repo.git("commit-tree", tree, *parents, "-m", message)
        repo.git("update-ref", f"refs/heads/{pull.base}", made, base)
        pull.state, pull.merged, pull.merge_commit, pull.updated = "merged", now(), made, now()
        repo.writes["merge"] += 1
        return made

    def close_pull(self, repo: Repo, pull: Pull) -> None:
        """Close a pull request without merging it.

        Args:
            repo: Its repository.
            pull: The pull request.
        """
        self._refuse_archived(repo)
        if pull.state == "open":
            pull.state, pull.closed, pull.updated = "closed", now(), now()
            repo.writes["close"] += 1

    def delete_branch(self, repo: Repo, branch: str) -> None:
        """Delete a branch.

        Args:
            repo: Its repository.
            branch: The branch.
        """
        self._refuse_archived(repo)
        if repo.git.tip(branch) is None:
            raise Refused("branch", branch)
        repo.git("update-ref", "-d", f"refs/heads/{branch}")
        repo.writes["delete"] += 1

    def say(self, repo: Repo, pull: Pull, text: str) -> int:
        """Comment on a pull request.

        Args:
            repo: Its repository.
            pull: The pull request.
            text: The comment.

        Returns:
            Number of the comment.
        """
        self._refuse_archived(repo)
        pull.comments.append(text)
        pull.updated = now()
        repo.writes["comment"] += 1
        return len(pull.comments)

    def label(self, repo: Repo, pull: Pull, labels: list[str]) -> None:
        """Add labels to a pull request.

        Args:
            repo: Its repository.
            pull: The pull request.
            labels: Names; missing labels of the repository are created.
        """
        self._refuse_archived(repo)
        for label in labels:
            if label not in repo.labels:
                repo.labels.append(label)
            if label not in pull.labels:
                pull.labels.append(label)
        repo.writes["label"] += 1

    def set_status(self, repo: Repo, commit: str, status: dict[str, str]) -> None:
        """Set a status of a commit.

        Args:
            repo: Its repository.
            commit: Commit id.
            status: Its `context`, `state` and `description`.
        """
        self._refuse_archived(repo)
        if repo.git.run(("cat-file", "-e", f"{commit}^{{commit}}"), "", {}, False).returncode:
            raise Missing(commit)
        repo.statuses.setdefault(commit, []).append({**status, "at": now()})
        repo.writes["status"] += 1

    def latest(self, repo: Repo, commit: str) -> dict[str, dict[str, str]]:
        """The last status of each context of a commit.

        Args:
            repo: Its repository.
            commit: Commit id.
        """
        return {status["context"]: status for status in repo.statuses.get(commit, [])}

    def mergeable(self, repo: Repo, pull: Pull) -> bool | None:
        """Whether git could merge a pull request.

        Args:
            repo: Its repository.
            pull: The pull request.
        """
        if pull.state != "open":
            return None
        base = repo.git.tip(pull.base)
        return base is not None and repo.git.merged_tree(base, pull.head) is not None

    def fault(self, request: str) -> Fault | None:
        """Find the fault for a request, and count it.

        Args:
            request: Its method, path and query.
        """
        for fault in self.faults:
            if fault.times and re.search(fault.match, request):
                fault.times -= 1
                return fault
        return None

    def _refuse_archived(self, repo: Repo) -> None:
        if repo.archived:
            raise Refused("archived")

    # Commands of tests, sent by the driver.

    def tell_add(
        self,
        name: str,
        path: str | None,
        topics: list[str],
        archived: bool,
        private: bool,
        size: int,
        protected: list[str],
        branch: str,
    ) -> None:
        """Add a repository, from a path or empty."""
        git = Bare(self.folder / f"{name}.git", self.folder)
        git.make(path, branch)
        git.protect(protected)
        self.repos[name.lower()] = Repo(
            id=len(self.repos) + 101,
            name=name,
            git=git,
            topics=topics,
            archived=archived,
            private=private,
            size=size,
            protected=protected,
            created=now(),
        )

    def tell_rename(self, old: str, new: str) -> None:
        """Rename a repository; its old name redirects to it."""
        repo = self.repos.pop(old.lower())
        target = self.folder / f"{new}.git"
        target.parent.mkdir(parents=True, exist_ok=True)
        repo.git.path.rename(target)
        repo.git.path = target
        repo.name = new
        self.repos[new.lower()] = repo
        self.renamed[old.lower()] = new.lower()

    def tell_change(self, name: str, **changes: Any) -> None:
        """Change a repository's fields."""
        repo = self.repo(name)
        for key, value in changes.items():
            setattr(repo, key, value)
        repo.git.protect(repo.protected)

    def tell_commit(
        self, name: str, branch: str, files: dict[str, str | None], message: str, author: str
    ) -> str:
        """Commit as a person."""
        return self.repo(name).git.commit(branch, files, message, author)

    def tell_pulls(self, name: str) -> list[dict[str, Any]]:
        """All pull requests, oldest first."""
        return [asdict(pull) for pull in self.refreshed(self.repo(name))]

    def tell_propose(self, name: str, branch: str, title: str) -> None:
        """Open a pull request as a person, without counting it."""
        repo = self.repo(name)
        counted = Counter(repo.writes)
        words = {"branch": branch, "base": repo.git.head, "title": title, "body": ""}
        self.open(repo, **words, draft=False, author="owner")
        repo.writes = counted

    def tell_owner(self, name: str, number: int, what: str) -> None:
        """Merge or close a pull request as its owner, without counting it."""
        repo = self.repo(name)
        pull, counted = self.pull(repo, number), Counter(repo.writes)
        if what == "merge":
            pull.draft = False
            self.merge(repo, pull)
        else:
            self.close_pull(repo, pull)
        repo.writes = counted

    def tell_review(self, name: str, number: int, user: str, approved: bool) -> None:
        """Add a review of a pull request."""
        self.pull(self.repo(name), number).reviews.append((user, approved))

    def tell_check(self, name: str, commit: str, check: str, state: str) -> None:
        """Set the state of a check run: `pending`, `success` or `failure`."""
        self.repo(name).runs.setdefault(commit, {})[check] = state

    def tell_statuses(self, name: str, commit: str) -> dict[str, dict[str, str]]:
        """The last status of each context."""
        return self.latest(self.repo(name), commit)

    def tell_writes(self) -> dict[str, dict[str, int]]:
        """Number of writes by kind, by repository."""
        return {repo.name: dict(repo.writes) for repo in self.repos.values() if repo.writes}

    def tell_requests(self) -> list[dict[str, Any]]:
        """Every request so far."""
        return self.requests

    def tell_fault(self, **fault: Any) -> None:
        """Add a fault."""
        self.faults.append(Fault(**fault))

    def tell_clear_faults(self) -> None:
        """Remove all faults."""
        self.faults.clear()

    def tell_token(self, **token: Any) -> str:
        """Make a token."""
        made = f"standin-{secrets.token_hex(16)}"
        self.tokens[made] = Token(**token)
        return made

    def tell_duplicates(self, allowed: bool) -> None:
        """Allow a second open pull request for the same branches."""
        self.duplicates = allowed


def now() -> str:
    """The current time, in the format of forges."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
