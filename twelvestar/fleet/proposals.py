"""Pull requests of updates: opened once, kept up to date, and left alone when people take over."""

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
# GitHub takes 65,536 characters, and counts them in another way.
_LONGEST = 30_000
_SUPERSEDED = "**Template {release} is proposed in {url}.** Merge that instead, and close this.\n\n"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was proposed before from the branch of an update.

    Attributes:
        open: The proposal that is open.
        last: The newest of all.
    """

    open: Proposal | None
    last: Proposal | None


async def earlier(forge: Forge, repository: Repository, branch: str) -> Earlier:
    """Look what was proposed before.

    Args:
        forge: The forge.
        repository: The repository.
        branch: The branch of the update.

    Raises:
        ForgeError: When the forge does not say.
    """
    found = await forge.proposals(repository, branch)
    return Earlier(
        next((each for each in found if each.state == "open"), None), found[0] if found else None
    )


async def propose(
    forge: Forge, found: Found, outcome: Outcome, known: Earlier, inventory: Inventory, branch: str
) -> Proposal:
    """Open the pull request of an update that is pushed, or bring it up to date.

    Args:
        forge: The forge.
        found: The service.
        outcome: Its update.
        known: What was proposed before.
        inventory: The inventory.
        branch: The branch of the update.

    Raises:
        ForgeError: When the forge does not do it.
    """
    assert found.repository is not None
    title, body = describe(found, outcome)
    draft = inventory.defaults.draft == "always" or (
        inventory.defaults.draft == "conflicts" and bool(outcome.conflicts)
    )
    if outcome.conflicts and not await _is_marked(forge, found.repository, known, outcome):
        # Before there is anything to merge.
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
        # What a person has set since is theirs.
        draft=draft if outcome.pushed else None,
    )


async def _is_marked(
    forge: Forge, repository: Repository, known: Earlier, outcome: Outcome
) -> bool:
    """Whether the forge keeps an update with conflicts from being merged by itself."""
    if outcome.pushed or known.open is None:
        return False
    return (await forge.checks(repository, known.open)).state == "failure"


async def supersede(
    forge: Forge, repository: Repository, branches: Sequence[str], release: str, url: str
) -> list[str]:
    """Say in pull requests of older releases that there is a newer one.

    Args:
        forge: The forge.
        repository: The repository.
        branches: Branches of older updates.
        release: The newer release.
        url: Its pull request.

    Returns:
        The branches whose pull requests are open.

    Raises:
        ForgeError: When the forge does not do it.
    """
    told = []
    for branch in branches:
        open_one = (await earlier(forge, repository, branch)).open
        if open_one is None:
            continue
        told.append(branch)
        body = re.sub(r"\A\*\*Template \S+ is proposed in .*\n\n", "", open_one.body)
        note = _SUPERSEDED.format(release=release, url=url)
        await forge.revise(repository, open_one, body=note + body)
    return told


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
            "**You and the template changed the same places.** They are committed with conflict "
            "markers. Resolve them on this branch, and then mark the pull request as ready:\n\n"
            + _quoted(shown + (f"\n... and {more} more" if more > 0 else "")),
        )
    if outcome.text:
        parts.append(_quoted(outcome.text))
    parts.append(
        "Close it to keep this release out of the repository. To keep all of them out, write "
        "`fleet = false` under `[tool.twelvestar]` in pyproject.toml."
    )
    return title, "\n\n".join(parts) + "\n"


def told(proposal: Proposal) -> dict[str, Any]:
    """What the journal remembers of a pull request.

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
    """Where a service stands by its pull request alone.

    Args:
        known: What was proposed before.

    Returns:
        The state and a sentence; None where the update has to be looked at.
    """
    if known.open is not None or known.last is None:
        return None
    if known.last.state == "merged":
        return State.MERGED, "It was merged, and its branch has another release: was it reverted?"
    return State.CLOSED, "Its owner closed the pull request: `fleet retry` opens another."


def _quoted(text: str) -> str:
    """Show a text as it is: what it names is not for the forge to notify, to link or to close."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        # What people have to do comes last.
        text = f"{text[:half]}\n... The rest of this is in the report.\n{text[-half:]}"
    fence = max(["``", *re.findall(r"`+", text)], key=len) + "`"
    return f"{fence}text\n{text.strip()}\n{fence}"
