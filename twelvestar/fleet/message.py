"""The commit of an update, whose trailers record what it was made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..git import Git
from .access import identity

_TRAILER = re.compile(r"^Template-(Release|Base|Answers|Tree|Conflicts): (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Trailers:
    """The inputs of an update; two updates with equal inputs are the same.

    Attributes:
        release: The target release.
        base: The commit that was updated.
        answers: The service's answers, as a digest; empty in an update by the service's own CI.
    """

    release: str
    base: str
    answers: str

    def is_same(self, other: Trailers) -> bool:
        """Whether another update is the same.

        Args:
            other: The other one.
        """
        ends = (self.release, self.base) == (other.release, other.base)
        return ends and (self.answers == other.answers or not (self.answers and other.answers))


@dataclass(frozen=True, slots=True)
class Found:
    """An update on a branch.

    Attributes:
        trailers: Its inputs.
        conflicts: Number of files in conflict.
        untouched: Whether nobody has changed the commit.
    """

    trailers: Trailers
    conflicts: int
    untouched: bool


def title(release: str, folder: str, *, conflicts: bool) -> str:
    """The title of an update's commit and pull request.

    Args:
        release: The target release.
        folder: The service's folder in its repository; empty for the root.
        conflicts: Whether there are any.
    """
    where = f" in {folder}" if folder else ""
    return f"Update the template to {release}{where}{', with conflicts' if conflicts else ''}"


def write(
    git: Git, tree: str, report: Mapping[str, Any], trailers: Trailers, author: str, folder: str
) -> str:
    """Make the commit of an update; the same update gives the same commit on any day.

    Args:
        git: The service's repository.
        tree: Its tree.
        report: The update's report.
        trailers: Its inputs.
        author: Name and address of its author.
        folder: The service's folder in the repository.

    Returns:
        Full id of the commit.
    """
    lines = {
        "Release": trailers.release,
        "Base": trailers.base,
        "Answers": trailers.answers,
        "Tree": tree,
        "Conflicts": str(len(report["conflicts"])),
    }
    old, new = report["old"]["version"], report["new"]["version"]
    message = title(new, folder, conflicts=bool(report["conflicts"]))
    message += f"\n\nFrom {old} to {new} of the template.\n\n"
    message += "".join(f"Template-{name}: {value}\n" for name, value in lines.items())
    date = git.text("log", "-1", "--format=%cd", "--date=raw", trailers.base)
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    writer = Git(git.folder, {**git.variables, **identity(author), **dates})
    # With a signature, the same update would be another commit.
    return writer.text(
        "commit-tree", tree, "-p", trailers.base, "--no-gpg-sign", stdin=message.encode()
    )


def read(git: Git, commit: str) -> Found | None:
    """Read the trailers of an update's commit.

    Args:
        git: The repository.
        commit: The commit.

    Returns:
        The update; None if the commit is not an update.
    """
    output = git.text("log", "-1", "--format=%T%n%P%n%B", commit)
    tree, _, rest = output.partition("\n")
    parents, _, message = rest.partition("\n")
    found = {name: value for name, value in _TRAILER.findall(message)}
    if not {"Release", "Base"} <= found.keys():
        return None
    trailers = Trailers(found["Release"], found["Base"], found.get("Answers", ""))
    conflicts = int(found["Conflicts"]) if found.get("Conflicts", "").isdecimal() else 0
    untouched = found.get("Tree") == tree and parents in ("", found["Base"])
    return Found(trailers, conflicts, untouched)
