"""What all forges have in common: one proposal for two branches, whatever happens."""

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
"""Characters that GitHub takes as the description of a status."""
TITLE = 240
"""Characters of a title that all forges take, with room for a prefix."""
BODY = 65_536
"""Characters that GitHub takes as a description or a comment; the others take more."""

_CUT = "\n\n(This is cut here, because it is longer than the forge takes.)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A proposal that is to be opened; see `Forge.propose`."""

    branch: str
    base: str
    title: str
    body: str
    draft: bool
    labels: tuple[str, ...]


class SharedForge(ABC):
    """The part of a forge that does not depend on its kind.

    What a kind has to bring sends each request once, and is tried again from here.

    Args:
        client: Asks the forge.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    @property
    def url(self) -> str:
        """Address of the forge, as people know it."""
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
        """Change a proposal's title, description and mark of a draft; none leaves one."""

    @abstractmethod
    async def comments(self, repo: Repository, proposal: Proposal) -> list[str]:
        """What is written under a proposal."""

    @abstractmethod
    async def say(self, repo: Repository, proposal: Proposal, text: str) -> None:
        """Write under a proposal."""

    @abstractmethod
    async def send_merge(self, repo: Repository, proposal: Proposal) -> None:
        """Merge a proposal whose head is what it was, if the forge finds so too."""

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
        """Give an open proposal the labels that it lacks."""

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
        # Forges keep no spaces at the ends, and some turn line ends into those of Windows.
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
                raise Conflict(f"{proposal.url} is not merged, because {why}: look at it again.")
            await self.send_merge(repo, now)

        await self.client.writing(act)

    async def close(self, repo: Repository, proposal: Proposal, *, delete_branch: bool) -> None:
        """See `Forge.close`."""

        async def act() -> None:
            now = await self.read(repo, proposal.number)
            if delete_branch and now.head != proposal.head:
                raise Conflict(
                    f"{proposal.url} is not closed, because its branch has moved: look at it again."
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
    """A moment as forges write it.

    Args:
        text: The text, ISO 8601; or none.
    """
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def cut(text: str) -> str:
    """A text that every forge takes.

    Args:
        text: The text, as Markdown.
    """
    return text if len(text) <= BODY else text[: BODY - len(_CUT)] + _CUT


def shortened(text: str, most: int = DESCRIPTION) -> str:
    """A text of one line and bounded length.

    Args:
        text: The text.
        most: How many characters it may have.
    """
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def without_prefix(title: str, prefixes: Sequence[str]) -> tuple[str, bool]:
    """The title of a proposal on a forge where a prefix says that it is a draft.

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
    """Several checks taken together.

    Args:
        states: Each `success` or `pending`; anything else is a failure.
    """
    if not states:
        return "none"
    if any(state not in ("success", "pending") for state in states):
        return "failure"
    return "pending" if "pending" in states else "success"
