"""Pull requests of updates: opened once, kept current, and left alone after commits by people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import message
from .find import Found
from .forges import Forge, Proposal, Repository
from .inventory import Inventory
from .states import State
from .tasks import Outcome
from .visible import visible

_MOST = 50
# GitHub allows 65,536 characters, but counts them differently.
_LONGEST = 30_000
_SUPERSEDED = "**Template {release} is proposed in {url}.** Merge that instead, and close this.\n\n"


@dataclass(frozen=True, slots=True)
class Earlier:
    """Earlier proposals from the branch of an update.

    Attributes:
        open: The open one.
        last: The newest one.
    """

    open: Proposal | None
    last: Proposal | None


async def earlier(forge: Forge, repository: Repository, branch: str) -> Earlier:
    """Find earlier proposals.

    Args:
        forge: The forge.
        repository: The repository.
        branch: The branch of the update.

    Raises:
        ForgeError: When the request fails.
    """
    found = await forge.proposals(repository, branch)
    return Earlier(
        next((each for each in found if each.state == "open"), None), found[0] if found else None
    )


async def propose(
    forge: Forge, found: Found, outcome: Outcome, known: Earlier, inventory: Inventory, branch: str
) -> Proposal:
    """Open the pull request of a pushed update, or update it.

    Args:
        forge: The forge.
        found: The service.
        outcome: Its update.
        known: Earlier proposals.
        inventory: The inventory.
        branch: The branch of the update.

    Raises:
        ForgeError: When a request fails.
    """
    assert found.repository is not None
    title, body = describe(found, outcome)
    draft = inventory.defaults.draft == "always" or (
        inventory.defaults.draft == "conflicts" and bool(outcome.conflicts)
    )
    if outcome.conflicts and not await _is_marked(forge, found.repository, known, outcome):
        # The status has to exist before the pull request, so that it cannot be merged too early.
        await forge.set_status(
            found.repository,
            outcome.made,
            state="failure",
            description=outcome.why or "Files are in conflict.",
        )
    if known.open is None:
        return await forge.propose(
            found.repository,
            branch=branch,
            base=outcome.branch,
            title=title,
            body=body,
            draft=draft,
            labels=inventory.defaults.labels,
        )
    if not outcome.text:
        return known.open
    return await forge.revise(
        found.repository,
        known.open,
        title=title,
        body=body,
        # Keep a draft state that a person has set since.
        draft=draft if outcome.pushed else None,
    )


async def _is_marked(
    forge: Forge, repository: Repository, known: Earlier, outcome: Outcome
) -> bool:
    """Whether the forge has a status or draft that blocks merging an update with conflicts."""
    if outcome.pushed or known.open is None:
        return False
    return (await forge.checks(repository, known.open)).state == "failure"


async def supersede(
    forge: Forge, repository: Repository, branches: Sequence[str], release: str, url: str
) -> list[str]:
    """Link the new pull request in those of older releases.

    Args:
        forge: The forge.
        repository: The repository.
        branches: Branches of older updates.
        release: The newer release.
        url: Its pull request.

    Returns:
        The branches whose pull requests are open.

    Raises:
        ForgeError: When a request fails.
    """
    open_branches = []
    for branch in branches:
        open_one = (await earlier(forge, repository, branch)).open
        if open_one is None:
            continue
        open_branches.append(branch)
        body = re.sub(r"\A\*\*Template \S+ is proposed in .*\n\n", "", open_one.body)
        note = _SUPERSEDED.format(release=release, url=url)
        await forge.revise(repository, open_one, body=note + body)
    return open_branches


def describe(found: Found, outcome: Outcome) -> tuple[str, str]:
    """Describe an update for its pull request.

    Args:
        found: The service.
        outcome: Its update.

    Returns:
        Title and body, the body in Markdown.
    """
    title = message.title(outcome.release, found.folder, conflicts=bool(outcome.conflicts))
    parts = [f"From {outcome.old} to {outcome.release} of the template."]
    if outcome.conflicts:
        shown = "\n".join(outcome.conflicts[:_MOST])
        more = len(outcome.conflicts) - _MOST
        parts.insert(
            0,
            "**You and the template changed the same lines.** These are committed with conflict "
            "markers. Resolve them on this branch, and then mark the pull request as ready:\n\n"
            + _quoted(shown + (f"\n... and {more} more" if more > 0 else "")),
        )
    if outcome.text:
        parts.append(_quoted(outcome.text))
    parts.append(
        "To skip this release, close this pull request. To skip all releases, write `fleet = "
        "false` under `[tool.twelvestar]` in pyproject.toml."
    )
    return title, "\n\n".join(parts) + "\n"


def journal_data(proposal: Proposal) -> dict[str, Any]:
    """The journal's data about a pull request.

    Args:
        proposal: The pull request.
    """
    return {
        "number": proposal.number,
        "url": visible(proposal.url),
        "state": proposal.state,
        "draft": proposal.draft,
        "head": proposal.head,
        "updated": proposal.updated.isoformat() if proposal.updated else None,
    }


def standing(known: Earlier) -> tuple[State, str] | None:
    """The state of a service according to its pull request.

    Args:
        known: Earlier proposals.

    Returns:
        The state and a message; None if the update has to be checked.
    """
    if known.open is not None or known.last is None:
        return None
    if known.last.state == "merged":
        return State.MERGED, (
            "It was merged, but its branch has another release: was the merge reverted?"
        )
    return State.CLOSED, "Its owner closed the pull request: `fleet retry` opens another."


def _quoted(text: str) -> str:
    """Put a text into a code block, so that the forge does not link, close or notify anything."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        # Keep the end, which contains the next steps for people.
        text = f"{text[:half]}\n... The whole text is in the report.\n{text[-half:]}"
    fence = max(["``", *re.findall(r"`+", text)], key=len) + "`"
    return f"{fence}text\n{text.strip()}\n{fence}"
