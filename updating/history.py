"""The commits of the template that an update may render.

A clone contains more than released commits: branches, and on many hosts pull requests of strangers.
Rendering a commit runs its code. So a commit is only accepted if it is in the first-parent history
of the template's HEAD, of a tagged release, or of a branch that the user names.
"""

from __future__ import annotations

import re
from functools import cached_property

from packaging.version import Version

from .errors import UpdateError
from .git import Git, GitError
from .releases import Release, is_version, releases

# Of the clone, of the repository it was cloned from, and of the one it is a working tree of.
_HEADS = ("HEAD", "refs/remotes/origin/HEAD", "main-worktree/HEAD")
_TAG = "%(refname:strip=2) %(objecttype):%(objectname) %(*objecttype):%(*objectname)"
_ID = re.compile(r"[0-9a-f]{4,64}")
_DESCRIBED = re.compile(r".+-\d+-g([0-9a-f]{4,64})")


class History:
    """The accepted commits of the template.

    Args:
        git: The template's repository.
        source: Its location, for messages.
    """

    def __init__(self, git: Git, source: str) -> None:
        self.git = git
        self.source = source
        self._named: list[str] = []
        self._lines: frozenset[str] | None = None
        self._ancestry: dict[tuple[str, str], bool] = {}

    @cached_property
    def releases(self) -> list[Release]:
        """The releases, lowest first.

        Raises:
            UpdateError: When the clone is shallow.
        """
        return releases(self.git)

    @cached_property
    def tags(self) -> dict[str, str]:
        """Commits by tag, for tags that are versions."""
        listing = self.git.text("for-each-ref", f"--format={_TAG}", "refs/tags")
        found = {}
        for line in listing.splitlines():
            # An annotated tag is a separate object that points to a commit.
            name, *objects = line.split(" ")
            commits = [each.removeprefix("commit:") for each in objects if "commit:" in each]
            if commits and is_version(name):
                found[name] = commits[0]
        return found

    def recorded(self, name: str) -> str:
        """Find the commit of an answers file.

        Args:
            name: A release, a commit id, or the output of `git describe`.

        Returns:
            Its full id.

        Raises:
            UpdateError: When there is no such accepted commit.
        """
        if commit := self._find(name):
            return commit
        raise UpdateError(
            f"The template at {self.source} has no release {name}, and no such commit on its "
            "main branch: give the release that the project was generated from with --from "
            "RELEASE, or the template that has it with --template PLACE."
        )

    def asked_for(self, name: str) -> str:
        """Find the commit that the user names.

        If it is a branch, the commits of that branch are accepted from then on.

        Args:
            name: A release, a branch, or a name as in an answers file.

        Returns:
            Its full id.

        Raises:
            UpdateError: When there is none.
        """
        places = [f"refs/heads/{name}", f"refs/remotes/origin/{name}"]
        if name.startswith("origin/"):
            places.append(f"refs/remotes/{name}")
        if name != "HEAD" and name not in self.tags:
            for place in places:
                if tip := self._commit_of(place):
                    self._named.append(tip)
                    self._lines = None
                    return tip
        if commit := self._find(name):
            return commit
        raise UpdateError(
            f"The template at {self.source} has no release or branch {name}, and no such commit "
            "on its main branch."
        )

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether a commit is part of another one's history, or the same.

        Args:
            older: A commit.
            newer: A commit.
        """
        if (older, newer) not in self._ancestry:
            words = ("merge-base", "--is-ancestor", older, newer)
            self._ancestry[older, newer] = self.git.run(*words, accept=(0, 1))[0] == 0
        return self._ancestry[older, newer]

    def _find(self, name: str) -> str | None:
        if name == "HEAD":
            return self._commit_of("HEAD")
        for tag in (name, f"v{name}", name.removeprefix("v")):
            if tag in self.tags:
                return self.tags[tag]
        tagged = self._commit_of(f"refs/tags/{name}")
        if tagged in self._on_lines():
            return tagged
        described = _DESCRIBED.fullmatch(name)
        start = described[1] if described else name
        if _ID.fullmatch(start):
            found = [commit for commit in self._on_lines() if commit.startswith(start)]
            if len(found) > 1:
                raise UpdateError(
                    f"{name} is ambiguous, because {len(found)} commits begin with it: give more "
                    "characters."
                )
            if found:
                return found[0]
        version = Version(name) if is_version(name) else None
        return next((each.commit for each in self.releases if each.version == version), None)

    def _on_lines(self) -> frozenset[str]:
        if self._lines is None:
            heads = [commit for head in _HEADS if (commit := self._commit_of(head))]
            tips = dict.fromkeys((*heads, *self.tags.values(), *self._named))
            words = ("rev-list", "--first-parent", "--stdin")
            listing = self.git.text(*words, stdin="\n".join(tips).encode())
            self._lines = frozenset(listing.split())
        return self._lines

    def _commit_of(self, place: str) -> str | None:
        """The commit of a full reference name; other revision expressions are not evaluated."""
        try:
            if place not in _HEADS:
                self.git.run("show-ref", "--verify", "--quiet", "--", place)
            return self.git.text("rev-parse", "--verify", "--quiet", f"{place}^{{commit}}")
        except GitError:
            return None
