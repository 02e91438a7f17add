"""The interface of all forges."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

STATUS_CONTEXT = "template/conflicts"
"""Name of the commit status that an update with conflicts sets."""


class ForgeError(Exception):
    """A request to a forge that failed.

    Args:
        sentence: What is wrong and what to do, in one sentence, without secrets.
        status: HTTP status of the response, if there was one.
    """

    transient = False
    """Whether the same may work later."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class NotAllowed(ForgeError):
    """The token is missing, refused, or lacks a permission; or the repository is read-only."""


class NotFound(ForgeError):
    """The forge has no such object, or hides it from this token."""


class Conflict(ForgeError):
    """It already exists, or has changed since it was read."""


class Unavailable(ForgeError):
    """The forge is down, unreachable, or limits requests.

    Args:
        sentence: What is wrong, in one sentence.
        status: HTTP status of the response, if there was one.
        wait: Seconds after which to retry, if the forge says so.
    """

    transient = True

    def __init__(self, sentence: str, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(sentence, status)
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A query for repositories of a forge.

    Attributes:
        org: An organisation, or on GitLab a group with its subgroups.
        user: A user, instead of an organisation.
        topic: Only repositories with this topic. Without org or user, on the whole forge.
    """

    org: str = ""
    user: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository on a forge.

    Attributes:
        name: `organisation/name`; on GitLab, the full path.
        clone_url: URL for git over HTTP, without credentials.
        branch: The default branch; empty for a repository without commits.
        archived: Whether it is read-only.
        may_push: Whether the token may push to it.
        size: Its size on the forge in kB, if the forge says so.
        topics: Its topics.
    """

    name: str
    clone_url: str
    branch: str
    archived: bool
    may_push: bool
    size: int | None
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A pull request, or merge request.

    Attributes:
        number: Its number in its repository.
        url: The page for people.
        branch: The proposed branch, in the same repository.
        base: The branch to merge into.
        head: Commit id of `branch` when it was read.
        state: Its state.
        draft: Whether it is a draft.
        title: Its title, without the draft prefix of some forges.
        body: Its description, as Markdown.
        updated: When it was last changed, if the forge says so.
    """

    number: int
    url: str
    branch: str
    base: str
    head: str
    state: Literal["open", "merged", "closed"]
    draft: bool
    title: str
    body: str
    updated: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Checks and reviews of a proposal.

    Attributes:
        state: Combined state of the statuses and check runs of its commit.
        approved: Result of reviews; None without reviews.
        mergeable: Whether git can merge it; None if the forge does not know yet.
    """

    state: Literal["none", "pending", "success", "failure"]
    approved: bool | None
    mergeable: bool | None


class Forge(Protocol):
    """A forge, accessed with one token.

    Every method raises `ForgeError` after its retries: `NotAllowed`, `NotFound` and `Conflict` are
    permanent; after `Unavailable`, a later try may work.
    """

    @property
    def kind(self) -> str:
        """`github`, `gitlab`, `gitea` or `pagure`."""

    @property
    def url(self) -> str:
        """URL of the forge."""

    async def aclose(self) -> None:
        """Close its connections."""

    async def check_token(self) -> None:
        """Check that the token exists, is valid, and has the permissions that the fleet needs.

        Raises:
            NotAllowed: When it does not; the message names its variable or file.
        """

    def find(self, query: Find) -> AsyncIterator[Repository]:
        """Find repositories, including archived ones.

        Args:
            query: The query.
        """

    async def repository(self, name: str) -> Repository:
        """Read a repository; a renamed one has its new name.

        Args:
            name: `organisation/name`, or a full path.
        """

    async def proposals(self, repo: Repository, branch: str) -> list[Proposal]:
        """List proposals from a branch in any state, newest first.

        Args:
            repo: The repository; forks are ignored.
            branch: The branch.
        """

    async def propose(
        self,
        repo: Repository,
        *,
        branch: str,
        base: str,
        title: str,
        body: str,
        draft: bool = False,
        labels: Sequence[str] = (),
    ) -> Proposal:
        """Open a proposal, or find the open one of these branches.

        If it is unknown whether a failed request has created it, the next try first searches for
        it. So there is only one, even after several calls.

        Args:
            repo: The repository.
            branch: The branch, pushed already.
            base: The branch to merge into.
            title: Its title.
            body: Its description.
            draft: Whether to open it as a draft, if the repository supports drafts.
            labels: Its labels; missing ones are created.
        """

    async def revise(
        self,
        repo: Repository,
        proposal: Proposal,
        *,
        title: str | None = None,
        body: str | None = None,
        draft: bool | None = None,
    ) -> Proposal:
        """Update a proposal; without a difference, nothing is sent.

        Args:
            repo: Its repository.
            proposal: It, as it was read.
            title: Its new title; None to leave it.
            body: Its new description; None to leave it.
            draft: Whether it should be a draft; None to leave it.
        """

    async def set_status(
        self,
        repo: Repository,
        commit: str,
        *,
        state: Literal["success", "failure"],
        description: str,
        context: str = STATUS_CONTEXT,
    ) -> None:
        """Set a status of a commit.

        Args:
            repo: The repository.
            commit: Commit id.
            state: The status.
            description: A short description.
            context: Name of the status; a later one with the same name replaces it.
        """

    async def comment(self, repo: Repository, proposal: Proposal, text: str) -> None:
        """Comment on a proposal.

        Args:
            repo: Its repository.
            proposal: The proposal.
            text: The comment, as Markdown.
        """

    async def checks(self, repo: Repository, proposal: Proposal) -> Checks:
        """Checks and reviews of a proposal.

        Args:
            repo: Its repository.
            proposal: The proposal.
        """

    async def merge(self, repo: Repository, proposal: Proposal) -> None:
        """Merge it, if its branch has not moved since it was read.

        Args:
            repo: Its repository.
            proposal: The proposal, as it was read.

        Raises:
            Conflict: When its branch moved, or it cannot be merged.
        """

    async def close(self, repo: Repository, proposal: Proposal, *, delete_branch: bool) -> None:
        """Close it without merging; closing it twice is not an error.

        Args:
            repo: Its repository.
            proposal: The proposal.
            delete_branch: Whether its branch is deleted too.
        """
