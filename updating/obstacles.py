"""Obstacles to writing a plan, found before anything is written."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from updating.entry import SUBMODULE, SYMLINK, Entry, entries
from updating.environment import without_places
from updating.plan import Plan


class InTheWay(Exception):
    """Something that the user has to fix first; the message says what and how."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with its working tree, with hooks disabled.

    Attributes:
        folder: Its git folder.
        top: Root of the working tree.
        index: The index; None for its own.
    """

    folder: Path
    top: Path
    index: Path | None = None

    def with_index(self, index: Path) -> Repository:
        """Copy it with another index.

        Args:
            index: Path of the index.
        """
        return Repository(self.folder, self.top, index)

    def run(self, *words: str, stdin: bytes = b"", accept: Container[int] = (0,)) -> bytes:
        """Run git, and return its output.

        Args:
            words: Its arguments.
            stdin: Its standard input.
            accept: Exit statuses that are not errors.

        Raises:
            OSError: When it fails.
        """
        places = {"GIT_DIR": str(self.folder), "GIT_WORK_TREE": str(self.top), "LC_ALL": "C"}
        if self.index:
            places["GIT_INDEX_FILE"] = str(self.index)
        settings = ("--literal-pathspecs", "-c", f"core.hooksPath={os.devnull}")
        done = subprocess.run(
            ["git", *settings, "-c", "core.fsmonitor=false", "-c", "core.safecrlf=false", *words],
            cwd=self.top,
            env={**without_places(os.environ), **places},
            input=stdin,
            capture_output=True,
            check=False,
        )
        if done.returncode not in accept:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            said = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines[-1:]
            raise OSError(0, said[0] if said else f"git {words[0]} failed", str(self.top))
        return done.stdout

    def entries(self, tree: str) -> dict[str, Entry]:
        """List all files of a tree.

        Args:
            tree: A tree or a commit.
        """
        return entries(self.run("ls-tree", "-r", "-z", "--full-tree", tree))

    def is_at(self, path: Path, entry: Entry) -> bool:
        """Whether a file equals a tree's entry.

        Args:
            path: The file.
            entry: The tree's entry.
        """
        if path.is_symlink() != (entry.mode == SYMLINK) or path.is_dir():
            return entry.mode == SUBMODULE
        if path.is_symlink():
            target = os.fsencode(path.readlink())
            blob = self.run("hash-object", "--stdin", "--no-filters", stdin=target)
        else:
            blob = self.run("hash-object", "--", str(path.relative_to(self.top)))
        return blob.decode().strip() == entry.blob


class Committed:
    """The files that a plan writes or removes, as they were committed.

    Args:
        repository: The repository.
        plan: The plan.

    Attributes:
        all: All files of the commit, by path.
        named: Those that the plan names.
        seen: Their sizes and times in the working tree, to detect changes at the last moment.
    """

    def __init__(self, repository: Repository, plan: Plan) -> None:
        self.all = repository.entries(plan.head)
        names = {*plan.written, *plan.removed}
        self.named = {name: entry for name, entry in self.all.items() if name in names}
        self.seen: dict[str, tuple[int, int]] = {}
        for name in self.named:
            with suppress(OSError):
                about = (repository.top / name).lstat()
                self.seen[name] = (about.st_size, about.st_mtime_ns)


def find_obstacle(
    repository: Repository, plan: Plan, committed: Committed, scratch: Path
) -> str | None:
    """Find an obstacle to writing a plan.

    Args:
        repository: The repository.
        plan: The plan.
        committed: Its files.
        scratch: A folder to work in.

    Returns:
        What it is and what to do, without "and update again"; None if there is none.
    """
    found = chain(
        _hidden(repository, plan),
        _changed(repository, plan, committed, scratch / "checked.index"),
        _in_the_way(repository.top, plan, committed),
        _not_writable(repository.top, plan),
    )
    return next(found, None)


def _hidden(repository: Repository, plan: Plan) -> Iterator[str]:
    """Files whose changes git is set to ignore."""
    named = {*plan.written, *plan.removed}
    listing = repository.run("ls-files", "-v", "-z").decode(errors="surrogateescape")
    for line in listing.split("\0"):
        flag, name = line[:1], line[2:]
        if name in named and (flag.islower() or flag == "S"):
            yield f"Git is set to ignore changes of {name}, and the update changes it: run " + (
                f"`git update-index --no-assume-unchanged {name}`"
                if flag.islower()
                else f"`git update-index --no-skip-worktree {name}`, or "
                "`git sparse-checkout disable`"
            )


def _changed(repository: Repository, plan: Plan, committed: Committed, copy: Path) -> Iterator[str]:
    """Files with uncommitted changes."""
    # The copy keeps the index's time, because git compares files' times with it.
    shutil.copy2(repository.folder / "index", copy)
    checked = repository.with_index(copy)
    checked.run("update-index", "-q", "--refresh", accept=(0, 1))
    staged = ("diff-index", "--cached", "--name-only", "--no-renames", "-z", plan.head)
    names = set(_names(checked.run(*staged)))
    names |= set(_names(checked.run("diff-files", "--name-only", "-z")))
    names |= committed.named.keys() - committed.seen.keys()
    for name in sorted(names & {*plan.written, *plan.removed}):
        yield f"{name} was changed during the update: commit or stash it"


def _in_the_way(top: Path, plan: Plan, committed: Committed) -> Iterator[str]:
    """Untracked files at the path of a new file or of one of its folders."""
    removed = set(plan.removed)
    for name in plan.written:
        if name in committed.named:
            continue
        for folder in _parents(name):
            path = top / folder
            if folder in removed or not os.path.lexists(path):
                break
            if path.is_symlink() or not path.is_dir():
                yield _message(top, folder, f"a folder of that name, for {name}", committed)
        else:
            path = top / name
            if os.path.lexists(path):
                unknown = _unknown_files(top, path, removed)
                if unknown is not None:
                    yield _message(top, unknown, "a file of that name", committed, place=name)


def _unknown_files(top: Path, path: Path, removed: set[str]) -> str | None:
    """A file at a path, or below it, that the plan does not remove; None if there is none."""
    if path.is_symlink() or not path.is_dir():
        return path.relative_to(top).as_posix()
    unreadable: list[OSError] = []
    for place, _, names in os.walk(path, onerror=unreadable.append):
        for name in names:
            inner = (Path(place) / name).relative_to(top).as_posix()
            if inner not in removed:
                return inner
    return Path(unreadable[0].filename).relative_to(top).as_posix() if unreadable else None


def _message(top: Path, path: str, what: str, committed: Committed, place: str = "") -> str:
    same = {name.lower(): name for name in committed.all}
    known = same.get(path.lower(), path)
    # On a case-sensitive file system, both can exist.
    if known != path and (top / known).exists() and (top / known).samefile(top / path):
        return (
            f"{path} and {known} are the same file on this file system, and the release has "
            f"{what}: rename {known}"
        )
    if place and place != path:
        what = f"a file {place}"
    return f"{path} is untracked, and the release has {what}: move yours away"


def _not_writable(top: Path, plan: Plan) -> Iterator[str]:
    folders = {
        next(place for place in (top / name).parents if place.is_dir())
        for name in (*plan.written, *plan.removed)
    }
    for folder in sorted(folders):
        if not os.access(folder, os.W_OK | os.X_OK):
            yield f"{folder} is not writable: fix its permissions"


def _parents(name: str) -> Iterable[str]:
    """Folders of a file, the outermost first."""
    return [str(parent) for parent in reversed(PurePosixPath(name).parents)][1:]


def _names(listing: bytes) -> list[str]:
    return [name for name in listing.decode(errors="surrogateescape").split("\0") if name]
