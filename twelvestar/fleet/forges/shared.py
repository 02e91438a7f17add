"""The code that all forges share, which opens only one proposal for two branches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from .base import Conflict, NotFound, Proposal, Repository
from .http import Client
from .names import branch_name

DESCRIPTION = 140
"""Largest length of the description of a status on GitHub."""
TITLE = 240
"""Largest length of a title on all forges, with room for a prefix."""
BODY = 65_536
"""Largest length of a description or a comment on GitHub; other forges allow more."""

_CUT = "\n\n(Cut here, because the forge does not accept a longer text.)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A proposal to open; see `Forge.propose`."""

    branch: str
    base: str
    title: str
    body: str
    draft: bool
    labels: tuple[str, ...]


class SharedForge(ABC):
    """The part of a forge that does not depend on its kind.

    The methods of a kind send each request once; this class retries them.

    Args:
        client: HTTP client of the forge.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    @property
    def url(self) -> str:
        """URL of the forge."""
        return self.client.url

    async def aclose(self) -> None:
        """Close its connections."""
        await self.client.aclose()

    @abstractmethod
    async def proposals(self, repo: Repository, branch: str) -> list[Proposal]:
        """See `Forge.proposals`."""

    @abstractmethod
    async def read(self, repo: Repository, number: int) -> Proposal:
        """Read a proposal as it is now."""

    @abstractmethod
    async def create(self, repo: Repository, wanted: Wanted) -> Proposal:
        """Open a proposal.

        Raises:
            Conflict: When there is one.
        """

    @abstractmethod
    async def change(
        self,
        repo: Repository,
        proposal: Proposal,
        *,
        title: str | None,
        body: str | None,
        draft: bool | None,
    ) -> None:
        """Change a proposal's title, description and draft state; None leaves one."""

    @abstractmethod
    async def comments(self, repo: Repository, proposal: Proposal) -> list[str]:
        """List the comments on a proposal."""

    @abstractmethod
    async def say(self, repo: Repository, proposal: Proposal, text: str) -> None:
        """Comment on a proposal."""

    @abstractmethod
    async def send_merge(self, repo: Repository, proposal: Proposal) -> None:
        """Merge a proposal, if its head has not moved on the forge."""

    @abstractmethod
    async def send_close(self, repo: Repository, proposal: Proposal) -> None:
        """Close a proposal that is open."""

    @abstractmethod
    async def delete(self, repo: Repository, branch: str) -> None:
        """Delete a branch.

        Raises:
            NotFound: When there is none.
        """

    @abstractmethod
    async def label(self, repo: Repository, proposal: Proposal, labels: Sequence[str]) -> None:
        """Add missing labels to an open proposal."""

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
        """See `Forge.propose`."""
        wanted = Wanted(
            branch=branch_name(branch),
            base=branch_name(base),
            title=shortened(title, TITLE),
            body=cut(body),
            draft=draft,
            labels=tuple(labels),
        )

        async def look() -> Proposal | None:
            found = await self.proposals(repo, branch)
            return next((one for one in found if one.state == "open" and one.base == base), None)

        async def act() -> Proposal:
            # Also before the first try, because some forges allow a second one.
            if (found := await look()) is not None:
                return found
            try:
                return await self.create(repo, wanted)
            except Conflict:
                if (found := await look()) is None:
                    raise
                return found

        proposal = await self.client.writing(act)
        if wanted.labels:
            await self.label(repo, proposal, wanted.labels)
        return proposal

    async def revise(
        self,
        repo: Repository,
        proposal: Proposal,
        *,
        title: str | None = None,
        body: str | None = None,
        draft: bool | None = None,
    ) -> Proposal:
        """See `Forge.revise`."""
        title = None if title is None else shortened(title, TITLE)
        body = None if body is None else cut(body)
        # Forges strip surrounding spaces, and some convert line endings to CRLF.
        new_body = None if body is None or _plain(body) == _plain(proposal.body) else body
        new_title = None if title is None or title.strip() == proposal.title.strip() else title
        new_draft = None if draft == proposal.draft else draft
        if (new_title, new_body, new_draft) == (None, None, None):
            return proposal

        async def act() -> Proposal:
            await self.change(repo, proposal, title=new_title, body=new_body, draft=new_draft)
            return await self.read(repo, proposal.number)

        return await self.client.writing(act)

    async def comment(self, repo: Repository, proposal: Proposal, text: str) -> None:
        """See `Forge.comment`."""
        tries = 0
        text = cut(text)

        async def act() -> None:
            nonlocal tries
            tries += 1
            if tries > 1 and _plain(text) in map(_plain, await self.comments(repo, proposal)):
                return
            await self.say(repo, proposal, text)

        await self.client.writing(act)

    async def merge(self, repo: Repository, proposal: Proposal) -> None:
        """See `Forge.merge`."""

        async def act() -> None:
            now = await self.read(repo, proposal.number)
            if now.state == "merged":
                return
            if now.state == "closed" or now.head != proposal.head:
                why = "it is closed" if now.state == "closed" else "its branch has moved"
                raise Conflict(f"{proposal.url} was not merged, because {why}: review it again.")
            await self.send_merge(repo, now)

        await self.client.writing(act)

    async def close(self, repo: Repository, proposal: Proposal, *, delete_branch: bool) -> None:
        """See `Forge.close`."""

        async def act() -> None:
            now = await self.read(repo, proposal.number)
            if delete_branch and now.head != proposal.head:
                raise Conflict(
                    f"{proposal.url} was not closed, because its branch has moved: review it again."
                )
            if now.state == "open":
                await self.send_close(repo, now)

        await self.client.writing(act)
        if delete_branch:
            await self.client.writing(lambda: self._delete(repo, proposal.branch))

    async def _delete(self, repo: Repository, branch: str) -> None:
        with suppress(NotFound):
            await self.delete(repo, branch_name(branch))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def moment(text: Any) -> datetime | None:
    """Parse a time from a forge.

    Args:
        text: The text, ISO 8601; or none.
    """
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def cut(text: str) -> str:
    """Cut a text to the length that all forges accept.

    Args:
        text: The text, as Markdown.
    """
    return text if len(text) <= BODY else text[: BODY - len(_CUT)] + _CUT


def shortened(text: str, most: int = DESCRIPTION) -> str:
    """Cut a text to one line of limited length.

    Args:
        text: The text.
        most: Largest number of characters.
    """
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def without_prefix(title: str, prefixes: Sequence[str]) -> tuple[str, bool]:
    """Remove the draft prefix from a title.

    Args:
        title: The title with its prefix.
        prefixes: The prefixes, in lower case.

    Returns:
        The title without it, and whether it had one.
    """
    for prefix in prefixes:
        if title.lower().startswith(prefix):
            return title[len(prefix) :].lstrip(), True
    return title, False


def worst(states: Sequence[str]) -> Literal["none", "pending", "success", "failure"]:
    """Combine the states of several checks.

    Args:
        states: Each `success` or `pending`; anything else is a failure.
    """
    if not states:
        return "none"
    if any(state not in ("success", "pending") for state in states):
        return "failure"
    return "pending" if "pending" in states else "success"
