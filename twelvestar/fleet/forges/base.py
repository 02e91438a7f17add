"""What the fleet needs of a forge, whatever its kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

STATUS_CONTEXT = "template/conflicts"
"""Name of the commit status that an update with conflicts sets."""


class ForgeError(Exception):
    """A forge that did not do what was asked of it.

    Args:
        sentence: What is wrong and what to do, in one sentence, without secrets.
        status: HTTP status of its answer, if there was one.
    """

    transient = False
    """Whether the same may work later."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class NotAllowed(ForgeError):
    """The token is missing, refused, or lacks a right; or the repository takes no changes."""


class NotFound(ForgeError):
    """The forge has no such thing, or hides it from this token."""


class Conflict(ForgeError):
    """It exists already, or it is not as it was when it was read."""


class Unavailable(ForgeError):
    """The forge is down, out of reach, or asks for patience.

    Args:
        sentence: What is wrong, in one sentence.
        status: HTTP status of its answer, if there was one.
        wait: Seconds after which it wants to be asked again, if it said so.
    """

    transient = True

    def __init__(self, sentence: str, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(sentence, status)
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """Which repositories of a forge are looked for.

    Attributes:
        org: An organisation, or on GitLab a group with its subgroups.
        user: A user, instead of an organisation.
        topic: Only repositories with this topic. Alone, it is looked for on the whole forge.
    """

    org: str = ""
    user: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository on a forge.

    Attributes:
        name: `organisation/name`; on GitLab, the full path.
        clone_url: Address for git over HTTP, without credentials.
        branch: The default branch; empty for a repository without commits.
        archived: Whether the forge takes no changes of it.
        may_push: Whether the token may push to it.
        size: What it takes on the forge, in kB, where the forge says so.
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
        branch: The branch that is proposed, of the same repository.
        base: The branch that it would be merged into.
        head: Commit id of `branch`, when it was read.
        state: What became of it.
        draft: Whether it is marked as not to be merged yet.
        title: Its title, without the prefix that says draft on some forges.
        body: Its description, as Markdown.
        updated: When it was last changed, where the forge says so.
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
    """What stands between a proposal and its merge.

    Attributes:
        state: Statuses and check runs of its commit, taken together.
        approved: What reviews say; none where nobody has reviewed, or the forge has no reviews.
        mergeable: Whether git can merge it; none where the forge does not know yet.
    """

    state: Literal["none", "pending", "success", "failure"]
    approved: bool | None
    mergeable: bool | None


class Forge(Protocol):
    """A forge, as one token sees it.

    Every method raises `ForgeError`, after as many tries as its limits allow: `NotAllowed`,
    `NotFound` and `Conflict` for good, `Unavailable` when the same may work later.
    """

    @property
    def kind(self) -> str:
        """`github`, `gitlab`, `gitea` or `pagure`."""

    @property
    def url(self) -> str:
        """Address of the forge, as people know it."""

    async def aclose(self) -> None:
        """Close its connections."""

    async def check_token(self) -> None:
        """See to it that the token is there, valid, and may do what the fleet does.

        Raises:
            NotAllowed: With the variable or file that has the token.
        """

    def find(self, query: Find) -> AsyncIterator[Repository]:
        """The repositories that a query finds, archived ones included.

        Args:
            query: What to look for.
        """

    async def repository(self, name: str) -> Repository:
        """One repository, under its new name if it was renamed.

        Args:
            name: `organisation/name`, or a full path.
        """

    async def proposals(self, repo: Repository, branch: str) -> list[Proposal]:
        """What was ever proposed from a branch, in any state, newest first.

        Args:
            repo: The repository; forks of it do not count.
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

        After a failure that leaves open whether the forge did it, it is looked for before the next
        try, so that there is one however often this is called.

        Args:
            repo: The repository.
            branch: The branch, pushed already.
            base: The branch to merge into.
            title: Its title.
            body: Its description.
            draft: Whether it opens as a draft, where the repository has drafts.
            labels: Labels to give it; labels that the forge does not have are made.
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
        """Change a proposal where it differs; without a difference, nothing is sent.

        Args:
            repo: Its repository.
            proposal: It, as it was read.
            title: The title that it should have; none to leave it.
            body: The description that it should have; none to leave it.
            draft: Whether it should be a draft; none to leave it.
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
            description: A few words on it.
            context: Name of the status; a later one of the same name replaces it.
        """

    async def comment(self, repo: Repository, proposal: Proposal, text: str) -> None:
        """Write under a proposal.

        Args:
            repo: Its repository.
            proposal: The proposal.
            text: What to write, as Markdown.
        """

    async def checks(self, repo: Repository, proposal: Proposal) -> Checks:
        """What stands between a proposal and its merge.

        Args:
            repo: Its repository.
            proposal: The proposal.
        """

    async def merge(self, repo: Repository, proposal: Proposal) -> None:
        """Merge it, if its branch is still at the commit that was read.

        Args:
            repo: Its repository.
            proposal: The proposal, as it was read.

        Raises:
            Conflict: When its branch moved, or it cannot be merged.
        """

    async def close(self, repo: Repository, proposal: Proposal, *, delete_branch: bool) -> None:
        """Close it without merging; one that is closed already is no error.

        Args:
            repo: Its repository.
            proposal: The proposal.
            delete_branch: Whether its branch is deleted too.
        """
