"""A rendering of one answer set that follows `template/` and can be edited.

`build/work/NAME` is the rendered project. Its git repository is only for comparison: the reference
`RENDERED` points to a commit of the last rendering, so that `git diff` in the project shows later
edits.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]

# The files that Copier reads to render.
SOURCES = ("copier.yml", "extensions", "licenses", "tasks", "template")
RENDERED = "refs/twelvestar/rendered"
# Created by uv, not by the template.
IGNORED = "/uv.lock\n/.venv/\n"
GIT_OPTIONS = ("-c", "core.autocrlf=false", "-c", "core.quotePath=false", "-c", "gc.auto=0")
IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Twelvestar"), ("EMAIL", "twelvestar@localhost"))
}


class Refused(Exception):
    """A step would lose an edit, or is impossible; the message says why."""


class Workspace:
    """One answer set, rendered into `build/work/`."""

    def __init__(self, name: str, root: Path = ROOT) -> None:
        """Find the workspace of an answer set.

        Args:
            name: An answer set, such as `complete` or `parts/prometheus`.
            root: A checkout of the template.

        Raises:
            Refused: If there is no such answer set.
        """
        self.root = root
        self.name = name
        self.answers = root / "tests" / "answers" / f"{name}.yml"
        self.project = root / "build" / "work" / name.replace("/", "-")
        if not self.answers.is_file():
            folder = self.answers.parents[name.count("/")]
            known = sorted(
                str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.yml")
            )
            raise Refused(f'there is no answer set "{name}": set SET to one of {", ".join(known)}')

    @property
    def exists(self) -> bool:
        """Whether it has been rendered before."""
        return (self.project / ".git").is_dir() and bool(
            self.git("rev-parse", "--verify", "--quiet", RENDERED, check=False)
        )

    def update(self) -> list[str]:
        """Update the rendering to the template, and keep edits.

        Returns:
            The files that were written or removed.

        Raises:
            Refused: If an edit conflicts with a change of the template, or the folder contains
                something else. Nothing is written then.
        """
        digest = self._digest()
        if self.exists and self.git("show", "-s", "--format=%s", RENDERED).decode() == digest:
            return []
        if not self.exists:
            self._begin()
        with self.rendered() as folder:
            new = self._tree(folder)
            writes, conflicts = self._changes(folder, new)
            if conflicts:
                raise Refused(
                    "the template has changed what you edited in the rendering:\n"
                    + "".join(
                        f"  {self.project / path}: {why}\n" for path, why in conflicts.items()
                    )
                    + f"Run `make bring-back SET={self.name}` first, or undo one of the two. "
                    "Nothing was written."
                )
            for path, text in writes.items():
                self._write(path, text, folder / path)
            self._record(new, digest)
        return sorted(writes)

    def edits(self) -> dict[str, str]:
        """Edited files of the rendering, with `M` (modified), `A` (added) or `D` (deleted)."""
        with self._index() as index:
            self.git("read-tree", RENDERED, variables=index)
            self.git("add", "--all", variables=index)
            found = self.git(
                *("diff", "--cached", "--name-status", "--no-renames", "-z", RENDERED),
                variables=index,
            )
        words = found.decode().split("\0")
        return dict(sorted(zip(words[1::2], words[0::2], strict=False)))

    def last(self, path: str) -> bytes | None:
        """Content of a file in the last rendering; None if there is none.

        Args:
            path: Its path in the project.
        """
        if not self.git("ls-tree", RENDERED, "--", path):
            return None
        command = ["git", "cat-file", "blob", f"{RENDERED}:{path}"]
        return subprocess.run(command, cwd=self.project, capture_output=True, check=True).stdout

    def current(self, path: str) -> bytes | None:
        """Current content of a file in the project; None if there is none.

        Args:
            path: Its path in the project.
        """
        return content(self.project / path)

    def recorded(self) -> dict[str, Any]:
        """The answers of the last rendering."""
        answers: dict[str, Any] = yaml.safe_load(self.last(".copier-answers.yml") or b"{}")
        return answers

    @contextmanager
    def rendered(self, changes: Mapping[str, bytes] | None = None) -> Iterator[Path]:
        """Render the template to a temporary folder for the duration of the context.

        Args:
            changes: New contents of files of the template, by path from its root.

        Returns:
            The folder.
        """
        with tempfile.TemporaryDirectory(prefix="work-") as scratch:
            copy = Path(scratch, "template")
            for path in self.sources():
                target = copy / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.root / path, target, follow_symlinks=False)
            for path, text in (changes or {}).items():
                target = copy / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text)
            answers = yaml.safe_load(self.answers.read_text())
            # Copier takes most of a second to import, and most runs render nothing.
            from tests.rendering import render

            project = render(copy, Path(scratch, "project"), answers)
            recorded = project / ".copier-answers.yml"
            # The temporary path would differ in each rendering.
            recorded.write_text(recorded.read_text().replace(str(copy), str(self.root)))
            yield project

    def sources(self) -> list[str]:
        """All files that Copier renders or reads, except those that git ignores."""
        listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *SOURCES]
        done = subprocess.run(listing, cwd=self.root, capture_output=True, text=True, check=True)
        return sorted(path for path in set(done.stdout.split("\0")) if (self.root / path).is_file())

    def synchronize(self) -> bool:
        """Install the project's dependencies, if they have changed since the last time.

        Returns:
            Whether anything was installed.

        Raises:
            Refused: If uv fails.
        """
        environment = self.project / ".venv"
        wanted = hashlib.sha256((self.project / "pyproject.toml").read_bytes()).hexdigest()
        marker = environment / ".synchronized"
        if marker.is_file() and marker.read_text() == wanted:
            return False
        uv = Path(sys.executable).with_name("uv")
        if subprocess.run([uv, "sync", "--quiet"], cwd=self.project, check=False).returncode:
            raise Refused(f"uv sync failed in {self.project}; its message is above")
        marker.write_text(wanted)
        return True

    def git(
        self, *words: str, variables: Mapping[str, str] | None = None, check: bool = True
    ) -> bytes:
        """Run git in the project.

        Args:
            words: Subcommand and arguments.
            variables: Additional environment variables.
            check: Whether a failure is an error; otherwise, its output counts as empty.

        Returns:
            Its output, without the last line break.
        """
        # In a git hook, such variables point to the repository of the hook.
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        done = subprocess.run(
            ["git", *GIT_OPTIONS, *words],
            cwd=self.project,
            env={**clean, **IDENTITY, **(variables or {})},
            capture_output=True,
            check=check,
        )
        return done.stdout.removesuffix(b"\n") if done.returncode == 0 else b""

    def _changes(self, folder: Path, new: str) -> tuple[dict[str, bytes | None], dict[str, str]]:
        """The contents to write for a new rendering, and the reasons for files with conflicts."""
        writes: dict[str, bytes | None] = {}
        conflicts: dict[str, str] = {}
        edited = self.edits()
        changed = self.git("diff-tree", "-r", "--name-only", "--no-renames", "-z", RENDERED, new)
        for path in filter(None, changed.decode().split("\0")):
            fresh, here = content(folder / path), self.current(path)
            if path not in edited:
                writes[path] = fresh
            elif here == fresh:
                continue
            elif here is None:
                conflicts[path] = "removed here, changed in the template"
            elif fresh is None:
                conflicts[path] = "edited here, removed from the template"
            elif (merged := merge(here, self.last(path) or b"", fresh)) is None:
                conflicts[path] = "both changed the same lines"
            else:
                writes[path] = merged
        return writes, conflicts

    def _begin(self) -> None:
        """Make the project's folder and repository."""
        if self.project.exists():
            raise Refused(f"{self.project} was not made by `make work`: remove it")
        self.project.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        (self.project / ".git" / "info" / "exclude").write_text(IGNORED)
        empty = self.git("hash-object", "-t", "tree", "-w", os.devnull).decode()
        self._record(empty, "nothing yet")

    def _write(self, path: str, text: bytes | None, like: Path) -> None:
        """Write or remove a file of the project."""
        target = self.project / path
        target.unlink(missing_ok=True)
        if text is None:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        if like.is_symlink():
            target.symlink_to(os.fsdecode(text))
        else:
            target.write_bytes(text)
            target.chmod(like.stat().st_mode)

    def _record(self, tree: str, message: str) -> None:
        """Store a rendering for comparison."""
        commit = self.git("commit-tree", tree, "-m", message).decode()
        self.git("update-ref", RENDERED, commit)
        # So that plain `git diff` and `git status` in the project show edits.
        self.git("update-ref", "HEAD", commit)
        self.git("read-tree", commit)

    def _tree(self, folder: Path) -> str:
        with self._index() as index:
            elsewhere = {"GIT_WORK_TREE": str(folder), "GIT_DIR": str(self.project / ".git")}
            self.git("add", "--all", "--force", variables=index | elsewhere)
            return self.git("write-tree", variables=index).decode()

    @contextmanager
    def _index(self) -> Iterator[dict[str, str]]:
        """Variables for a temporary index, so that the user's index is not changed."""
        with tempfile.TemporaryDirectory(prefix="work-") as scratch:
            yield {"GIT_INDEX_FILE": str(Path(scratch, "index"))}

    def _digest(self) -> str:
        digest = hashlib.sha256(self.answers.read_bytes())
        for path in self.sources():
            file = self.root / path
            executable = bool(file.stat().st_mode & 0o100)
            text = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{path}\0{executable}\0{text}\n".encode())
        return digest.hexdigest()


def content(file: Path) -> bytes | None:
    """The content of a file as git stores it; for a symlink, its target.

    Args:
        file: The file.
    """
    if file.is_symlink():
        return os.fsencode(file.readlink())
    return file.read_bytes() if file.is_file() else None


def merge(ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """Merge two versions of a file.

    Args:
        ours: One version.
        base: Their common ancestor.
        theirs: The other version.

    Returns:
        The merged file, or None if both changed the same lines.
    """
    with tempfile.TemporaryDirectory(prefix="work-") as scratch:
        files = [Path(scratch, name) for name in ("ours", "base", "theirs")]
        for file, content in zip(files, (ours, base, theirs), strict=True):
            file.write_bytes(content)
        command = ["git", "merge-file", "--stdout", *map(str, files)]
        done = subprocess.run(command, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None
