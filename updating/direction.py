"""The target of an update, which never goes back in the template's history.

The version is not enough to compare: commits after a release have the version of that release.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import UpdateError
from .template import Template


@dataclass(frozen=True, slots=True)
class Target:
    """A commit to update to.

    Attributes:
        commit: Full id of the template's commit.
        remarks: Remarks on the choice, for the report.
    """

    commit: str
    remarks: tuple[str, ...] = ()


def choose(source: Template, old: str, asked: str | None) -> Target:
    """Choose the commit to update to.

    Args:
        source: The template.
        old: The template's commit that the project has.
        asked: The commit that the user asked for; None for the newest release.

    Returns:
        The commit; the project's current one, if it comes after the newest release.

    Raises:
        UpdateError: When it would go back.
    """
    if asked is not None:
        refuse_going_back(source, old, asked)
        return Target(asked)
    newest = source.newest()
    if old == newest.commit:
        return Target(old)
    if source.history.is_ancestor(newest.commit, old):
        remark = (
            f"The project has {source.described(old)}. It comes after {newest.version}, the newest "
            "release: there is nothing to update to."
        )
        return Target(old, (remark,))
    refuse_going_back(source, old, newest.commit)
    return Target(newest.commit)


def refuse_going_back(source: Template, old: str, new: str) -> None:
    """Refuse a commit that is older than the project's.

    Args:
        source: The template.
        old: The template's commit that the project has.
        new: The commit to update to.

    Raises:
        UpdateError: When the new one is part of the old one's history, or neither is part of the
            other's and the new version is not the higher one.
    """
    if source.history.is_ancestor(old, new):
        return
    if source.history.is_ancestor(new, old):
        raise UpdateError(
            f"The project has {source.described(old)}, and {source.described(new)} came before it: "
            "an update never goes back."
        )
    if source.version(new) <= source.version(old):
        raise UpdateError(
            f"The project has {source.described(old)}, which is not in the history of "
            f"{source.described(new)}, and its version is not lower: an update never goes back. "
            "Name a newer release with --to."
        )
