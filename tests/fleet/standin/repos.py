"""Bare repositories on disk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

HOOK = """#!/bin/sh
# No push to a protected branch.
if grep -qxF "$1" protected 2>/dev/null; then
    echo "Protected branch update failed for $1." >&2
    exit 1
fi
"""


def environment(folder: Path) -> dict[str, str]:
    """Variables with which git reads no user or system settings.

    Args:
        folder: Home of the stand-in.
    """
    who = {"NAME": "Standin", "EMAIL": "standin@example.org"}
    people = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **people,
    }


class Bare:
    """A bare repository.

    Args:
        path: Its folder, which need not exist yet.
        home: Home of the stand-in.
    """

    def __init__(self, path: Path, home: Path) -> None:
        self.path = path
        self._home = home

    def make(self, source: str | None, branch: str) -> None:
        """Make it.

        Args:
            source: A repository to copy; none makes an empty one.
            branch: The default branch of an empty one.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if source is None:
            words = ["init", "--quiet", "--bare", "--initial-branch", branch, str(self.path)]
        else:
            words = ["clone", "--quiet", "--bare", "--no-hardlinks", source, str(self.path)]
        subprocess.run(["git", *words], env=environment(self._home), check=True)
        self("config", "http.receivepack", "true")
        self("config", "receive.advertisePushOptions", "true")
        hook = self.path / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK)
        hook.chmod(0o755)

    def __call__(self, *words: str, stdin: str = "", **variables: str) -> str:
        """Run git in it.

        Args:
            words: The command.
            stdin: Its standard input.
            variables: Additional environment variables.

        Returns:
            Its output, without the last line break.
        """
        return self.run(words, stdin, variables).stdout.strip()

    def run(
        self, words: tuple[str, ...], stdin: str, variables: Mapping[str, str], check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run git in it, and return the finished process.

        Args:
            words: The command.
            stdin: Its standard input.
            variables: Additional environment variables.
            check: Whether a failure is an error.
        """
        return subprocess.run(
            ["git", *words],
            cwd=self.path,
            env={**environment(self._home), **variables},
            input=stdin,
            capture_output=True,
            text=True,
            check=check,
        )

    def tip(self, branch: str) -> str | None:
        """Commit id of a branch; none if there is no such branch.

        Args:
            branch: The branch.
        """
        done = self.run(("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"), "", {}, False)
        return done.stdout.strip() or None

    @property
    def head(self) -> str:
        """Name of the default branch, which does not exist in an empty repository."""
        return self("symbolic-ref", "--short", "HEAD")

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether a commit is in the history of another one.

        Args:
            old: The older commit.
            new: The newer one.
        """
        return not self.run(("merge-base", "--is-ancestor", old, new), "", {}, False).returncode

    def protect(self, branches: list[str]) -> None:
        """Refuse pushes to branches.

        Args:
            branches: The branches.
        """
        (self.path / "protected").write_text("".join(f"refs/heads/{one}\n" for one in branches))

    def merged_tree(self, base: str, head: str) -> str | None:
        """Tree of a merge; none if it has conflicts.

        Args:
            base: One commit.
            head: The other.
        """
        done = self.run(("merge-tree", "--write-tree", base, head), "", {}, False)
        return None if done.returncode else done.stdout.strip()

    def commit(
        self, branch: str, files: Mapping[str, str | None], message: str, author: str
    ) -> str:
        """Commit to a branch as a person, without branch protection.

        Args:
            branch: The branch; a new one begins at the default branch.
            files: Contents by path; none deletes a file.
            message: The message.
            author: `Name <address>`.

        Returns:
            The commit id.
        """
        parent = self.tip(branch) or self.tip(self.head)
        index = {"GIT_INDEX_FILE": str(self.path / "standin.index")}
        self("read-tree", *([parent] if parent else ["--empty"]), **index)
        for path, text in files.items():
            if text is None:
                self("update-index", "--force-remove", path, **index)
            else:
                blob = self("hash-object", "-w", "--stdin", stdin=text)
                self("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
        name, _, address = author.rstrip(">").partition(" <")
        people = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": address}
        parents = ("-p", parent) if parent else ()
        tree = self("write-tree", **index)
        made = self("commit-tree", tree, *parents, "-m", message, **people)
        self("update-ref", f"refs/heads/{branch}", made)
        return made
