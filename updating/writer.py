"""The process that writes a plan to a project, or undoes it.

While it writes, it holds git's index lock, so that no git command changes the index or commits. New
files are first written to the git folder, where a full disk does no harm. Then each is moved to its
path by a rename, and the file that it replaces is kept until the end. So writing can be undone at
any point.

It only imports the standard library.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from updating.end import DONE, FAILED, IN_THE_WAY, MOVED, NOTHING, End
from updating.entry import Entry
from updating.index_lock import IndexLock
from updating.moving import DRAFT, move
from updating.obstacles import Committed, InTheWay, Repository, find_obstacle
from updating.plan import FOLDER, PLAN, Plan, load


def main() -> None:
    """Run the task of the second argument with the plan in the git folder of the third one.

    The optional fourth argument is the working tree, if it was moved since the plan was made.
    """
    end = perform(sys.argv[2], *map(Path, sys.argv[3:]))
    with suppress(BrokenPipeError):
        print(json.dumps({"how": end.how, "why": end.why, "left": end.left}))


def perform(task: str, folder: Path, top: Path | None = None) -> End:
    """Write a plan, or undo it.

    Args:
        task: `write` or `undo`.
        folder: The git folder in which the plan is.
        top: Root of the working tree; by default as in the plan.
    """
    with _alone(folder):
        try:
            plan = load(folder / PLAN)
        except FileNotFoundError:
            # Another process has already carried it out, or undone it.
            return End(DONE if task == "write" else NOTHING)
        except ValueError as error:
            return End(FAILED, f"{error}: delete it")
        if top is not None:
            plan = replace(plan, top=str(top))
        writer = Writer(folder, plan)
        return writer.write() if task == "write" else writer.undo()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    import fcntl

    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    with (place / "write.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Writer:
    """Writes one plan, or undoes it.

    Args:
        folder: The git folder.
        plan: The plan.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan = plan
        self.top = Path(plan.top)
        self.repository = Repository(folder, self.top)
        self.file = folder / PLAN
        self.index = folder / "index"
        self.mine = folder / FOLDER
        self.lock = IndexLock(folder, self.mine)
        self.new = self.mine / "new"
        self.old = self.mine / "old"
        # Exists as soon as a file of the working tree may have been moved.
        self.begun = self.mine / "begun"

    def write(self) -> End:
        """Write the plan; after a failure, the project is unchanged."""
        try:
            locked = self.lock.acquire()
        except OSError as error:
            return self._failed(FAILED, f"{error.filename}: {error.strerror}")
        if not locked:
            self._finish()
            return End(
                IN_THE_WAY,
                f"{self.lock.path} exists: another git command is running, or was killed. Wait "
                "for it, or delete that file",
            )
        try:
            if self._head() != (self.plan.branch, self.plan.head):
                self._finish()
                return End(MOVED)
            committed = Committed(self.repository, self.plan)
            if obstacle := find_obstacle(self.repository, self.plan, committed, self.mine):
                self._finish()
                return End(IN_THE_WAY, obstacle)
            self._prepare()
            self._replace(committed)
            self._commit()
        except InTheWay as error:
            return self._failed(IN_THE_WAY, str(error))
        except _HeadMoved:
            return self._failed(MOVED, "")
        except OSError as error:
            place = error.filename or self.top
            return self._failed(FAILED, f"{place}: {error.strerror or error}")
        self._finish()
        return End(DONE)

    def undo(self) -> End:
        """Restore all files, except those changed since."""
        if self._head()[1] not in (self.plan.head, self.plan.commit):
            # Somebody has committed or reset meanwhile.
            self._finish()
            return End(MOVED)
        # Up to 1.4.1, git itself locked the index, and was killed with the writer.
        if not self.lock.acquire(steal=self.plan.format == 1):
            return End(
                FAILED,
                f"{self.lock.path} exists: if no git command is running, delete that file",
            )
        try:
            in_place = self.plan.format == 1
            left = self._put_back() if in_place or self.begun.exists() else []
        except OSError as error:
            return End(FAILED, f"{error.filename or self.top}: {error.strerror or error}")
        self._finish()
        return End(DONE, left=tuple(left))

    def _failed(self, how: str, why: str) -> End:
        try:
            left = self._put_back() if self.begun.exists() else []
        except OSError as error:
            place = error.filename or self.top
            # The plan is kept, with everything needed to undo it.
            return End(FAILED, f"{why}; then {place}: {error.strerror or error}")
        self._finish()
        return End(how, why, tuple(left))

    def _head(self) -> tuple[str, str]:
        run = self.repository.run
        branch = run("symbolic-ref", "--quiet", "HEAD", accept=(0, 1)).decode().strip()
        return branch, run("rev-parse", "--verify", "HEAD").decode().strip()

    def _prepare(self) -> None:
        """Write all new files and the new index to the git folder."""
        self._clear()
        self.new.mkdir()
        self.old.mkdir()
        after = self.repository.entries(self.plan.tree)
        lines = [f"{after[name].mode} {after[name].blob}\t{name}" for name in self.plan.written]
        only_new = self.repository.with_index(self.mine / "new.index")
        only_new.run("update-index", "-z", "--index-info", stdin=_joined(lines))
        only_new.run("checkout-index", "--all", "--quiet", f"--prefix={self.new}/")
        missing = [name for name in self.plan.written if not os.path.lexists(self.new / name)]
        if missing:
            raise OSError(errno.EIO, "could not be prepared", missing[0])
        self._refuse_without_room()
        none = "0" * len(self.plan.tree)
        gone = [f"0 {none}\t{name}" for name in self.plan.removed]
        next_index = self.repository.with_index(self.mine / "index")
        # Keep its modification time, because git compares files' times with it.
        shutil.copy2(self.index, self.mine / "index")
        lines = [*gone, *lines, *self.plan.stages]
        next_index.run("update-index", "-z", "--index-info", stdin=_joined(lines))

    def _refuse_without_room(self) -> None:
        """Check the free space: between file systems, files are copied, also to restore them."""
        if self.new.stat().st_dev == self.top.stat().st_dev:
            return
        there = os.statvfs(self.top)
        sizes = [(self.new / name).lstat().st_size for name in self.plan.written]
        # Each file takes whole blocks, and may need a folder.
        needed = sum(size // there.f_frsize + 2 for size in sizes)
        if needed > there.f_bavail:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.top))

    def _replace(self, committed: Committed) -> None:
        self.begun.touch()
        plan = self.plan
        for number, name in enumerate(plan.removed):
            self._move_away(name, number, committed)
        for name in plan.removed:
            self._remove_empty_folders(self.top / name)
        # Replace one by one, so that there is always a scripts/update.py that can undo it.
        for number, name in enumerate(plan.written, len(plan.removed)):
            target = self.top / name
            self._move_away(name, number, committed)
            if target.is_dir() and not target.is_symlink():
                _remove_empty_tree(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            move(self.new / name, target)
        self.repository.with_index(self.mine / "index").run(
            "update-index", "-q", "--refresh", accept=(0, 1)
        )

    def _move_away(self, name: str, number: int, committed: Committed) -> None:
        if name in committed.named:
            move(self.top / name, self.old / str(number))
            if _seen(self.old / str(number)) != committed.seen[name]:
                raise InTheWay(f"{name} was changed during the update")

    def _commit(self) -> None:
        if self.plan.commit:
            message = ("-m", "update from the template")
            ids = (self.plan.commit, self.plan.head)
            try:
                self.repository.run("update-ref", *message, "HEAD", *ids)
            except OSError as error:
                if self._head() == (self.plan.branch, self.plan.head):
                    raise
                raise _HeadMoved from error
        (self.mine / "index").replace(self.index)

    def _put_back(self) -> list[str]:
        """Restore replaced files and remove new ones; return the files that were left alone."""
        plan = self.plan
        before = self.repository.entries(plan.head)
        after = self.repository.entries(plan.tree)
        left = []
        # Remove written files first: they can be at the path of a removed file or folder.
        for number, name in reversed([*enumerate([*plan.removed, *plan.written])]):
            kept = self.old / str(number)
            if not self._put_back_file(name, kept, before.get(name), after.get(name)):
                left.append(name)
        if plan.commit and self._head()[1] == plan.commit:
            words = ("-m", "undo an update from the template", "HEAD", plan.head, plan.commit)
            self.repository.run("update-ref", *words)
        if not (self.mine / "index").exists():
            # It had replaced the old index, or an earlier release had changed that in place.
            self._put_back_index(before)
        return left

    def _put_back_index(self, before: dict[str, Entry]) -> None:
        plan = self.plan
        lines = [
            f"{before[name].mode} {before[name].blob}\t{name}"
            for name in (*plan.removed, *plan.written)
            if name in before
        ]
        none = "0" * len(plan.tree)
        added = [name for name in plan.written if name not in before]
        conflicts = [line.partition("\t")[2] for line in plan.stages]
        gone = [f"0 {none}\t{name}" for name in (*added, *conflicts)]
        shutil.copy2(self.index, self.mine / "index")
        index = self.repository.with_index(self.mine / "index")
        index.run("update-index", "-z", "--index-info", stdin=_joined([*gone, *lines]))
        index.run("update-index", "-q", "--refresh", accept=(0, 1))
        (self.mine / "index").replace(self.index)

    def _put_back_file(
        self, name: str, kept: Path, before: Entry | None, after: Entry | None
    ) -> bool:
        target = self.top / name
        with suppress(FileNotFoundError, NotADirectoryError):
            target.with_name(DRAFT).unlink()
        if os.path.lexists(target) and not (target.is_dir() and not target.is_symlink()):
            is_before = before is not None and self.repository.is_at(target, before)
            if is_before and not os.path.lexists(kept):
                return True
            if not is_before and not (after and self._is_written(target, after)):
                return False
            target.unlink()
        if before is None:
            self._remove_empty_folders(target)
            return True
        if any(os.path.lexists(each) and not each.is_dir() for each in self._folders(target)):
            # Somebody has created a file there; the old one is in the last commit.
            return False
        if not os.path.lexists(kept):
            # An earlier release kept nothing.
            self._write_from_git(name, before.mode, before.blob, kept)
        if target.is_dir() and not target.is_symlink():
            _remove_empty_tree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        move(kept, target)
        return True

    def _is_written(self, target: Path, after: Entry) -> bool:
        if self.repository.is_at(target, after):
            return True
        if self.plan.format > 1 or target.is_symlink():
            return False
        # An earlier release wrote in place, and may have been interrupted.
        begun = target.read_bytes().replace(b"\r\n", b"\n")
        whole = self.repository.run("cat-file", "blob", after.blob).replace(b"\r\n", b"\n")
        return whole.startswith(begun)

    def _write_from_git(self, name: str, mode: str, blob: str, kept: Path) -> None:
        place = self.mine / "kept"
        shutil.rmtree(place, ignore_errors=True)
        only = self.repository.with_index(self.mine / "kept.index")
        only.run("read-tree", "--empty")
        only.run("update-index", "-z", "--index-info", stdin=f"{mode} {blob}\t{name}\0".encode())
        only.run("checkout-index", "--all", "--quiet", f"--prefix={place}/")
        kept.parent.mkdir(exist_ok=True)
        move(place / name, kept)

    def _folders(self, path: Path) -> list[Path]:
        """Folders of a file in the working tree, innermost first."""
        return [parent for parent in path.parents if parent.is_relative_to(self.top)][:-1]

    def _remove_empty_folders(self, gone: Path) -> None:
        for parent in self._folders(gone):
            try:
                parent.rmdir()
            except OSError:
                return

    def _finish(self) -> None:
        with suppress(FileNotFoundError):
            self.file.unlink()
        self._clear()
        self.lock.release()

    def _clear(self) -> None:
        for path in self.mine.iterdir():
            if path.suffix != ".lock":
                shutil.rmtree(path) if path.is_dir() else path.unlink()


class _HeadMoved(Exception):
    """HEAD was moved although the index is locked."""


def _seen(path: Path) -> tuple[int, int]:
    about = path.lstat()
    return about.st_size, about.st_mtime_ns


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\0" for line in lines).encode(errors="surrogateescape")


def _remove_empty_tree(folder: Path) -> None:
    for place, _, _ in os.walk(folder, topdown=False):
        Path(place).rmdir()
