"""The one step that changes a project, in a process of its own.

It begins with a plan on disk and ends by deleting it. It has a session of its own, so that neither
Ctrl-C nor the end of the command interrupts it, and it can be begun again at any point: whatever a
power cut leaves behind, the next update finishes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

PLAN = "twelvestar-update.json"


class InTheWay(Exception):
    """A file was changed after the plan was made; says which."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        top: Root of the working tree.
        head: The commit that the plan starts from.
        tree: What the working tree and the index shall be.
        commit: A commit of it for the current branch; None to leave it staged.
        written: Files to write, from the root.
        removed: Files to remove.
        stages: Lines for `git update-index` that mark files as conflicts.
    """

    top: str
    head: str
    tree: str
    commit: str | None
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)


def start(folder: Path, plan: Plan) -> None:
    """Carry a plan out, and wait for its end.

    Args:
        folder: The project's git folder.
        plan: The plan.

    Raises:
        InTheWay: When a file was changed in the meantime.
    """
    path = folder / PLAN
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    draft.replace(path)
    _carry_out(path)


def resume(folder: Path) -> Plan | None:
    """Finish what an earlier update began and did not finish.

    Args:
        folder: The project's git folder.

    Returns:
        Its plan; None if there was none.

    Raises:
        InTheWay: When a file was changed since then.
    """
    path = folder / PLAN
    if not path.exists():
        return None
    plan = Plan(**json.loads(path.read_text(encoding="utf-8")))
    _carry_out(path)
    return plan


def _carry_out(path: Path) -> None:
    command = [sys.executable, "-I", __file__, str(path)]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise InTheWay(lines[-1] if lines else f"status {done.returncode}")


def main() -> int:
    """Carry out the plan whose path is the argument."""
    import fcntl

    path = Path(sys.argv[1])
    with path.with_suffix(".lock").open("w") as lock:
        # Whoever comes second finds the work done.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            return 0
        plan = Plan(**json.loads(path.read_text(encoding="utf-8")))
        if _git(plan, "rev-parse", "HEAD").decode().strip() == plan.head:
            # Nobody else writes this index while a plan is there, but for a git that was killed.
            with suppress(FileNotFoundError):
                (path.parent / "index.lock").unlink()
            if changed := _changed(plan):
                print(changed, file=sys.stderr)
                return 1
            _write(plan)
        path.unlink()
    with suppress(FileNotFoundError):
        path.with_suffix(".lock").unlink()
    return 0


def _changed(plan: Plan) -> str | None:
    """A file that is neither as it was nor as it shall be, nor half-way between."""
    names = [name for name in (*plan.written, *plan.removed) if os.path.lexists(_at(plan, name))]
    if not names:
        return None
    listed = "\n".join(names).encode(errors="surrogateescape")
    now = _git(plan, "hash-object", "--stdin-paths", stdin=listed).decode().split()
    before, after = _blobs(plan, plan.head), _blobs(plan, plan.tree)
    for name, blob in zip(names, now, strict=True):
        if blob in (before.get(name), after.get(name)):
            continue
        wanted = _git(plan, "cat-file", "blob", after[name]) if name in after else b""
        begun = _at(plan, name).read_bytes().replace(b"\r\n", b"\n")
        if not wanted.replace(b"\r\n", b"\n").startswith(begun):
            return name
    return None


def _at(plan: Plan, name: str) -> Path:
    return Path(plan.top, name)


def _blobs(plan: Plan, tree: str) -> dict[str, str]:
    listing = _git(plan, "ls-tree", "-r", "-z", "--full-tree", tree)
    lines = listing.decode(errors="surrogateescape").split("\0")
    entries = (line.partition("\t") for line in lines if line)
    return {name: about.split()[2] for about, _, name in entries}


def _write(plan: Plan) -> None:
    if plan.written:
        names = "\0".join(plan.written).encode(errors="surrogateescape")
        listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
        _git(plan, "checkout", "--quiet", plan.tree, *listed, stdin=names)
    for name in plan.removed:
        file = _at(plan, name)
        with suppress(FileNotFoundError):
            file.unlink()
        with suppress(OSError):
            os.removedirs(file.parent)
    if plan.removed:
        names = "\0".join(plan.removed).encode(errors="surrogateescape")
        _git(plan, "update-index", "--force-remove", "-z", "--stdin", stdin=names + b"\0")
    if plan.stages:
        lines = "".join(f"{line}\0" for line in plan.stages).encode(errors="surrogateescape")
        _git(plan, "update-index", "-z", "--index-info", stdin=lines)
    if plan.commit:
        _git(plan, "update-ref", "-m", "update from the template", "HEAD", plan.commit, plan.head)


def _run(plan: Plan, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    settings = ("--literal-pathspecs", "-c", f"core.hooksPath={os.devnull}")
    return subprocess.run(
        ["git", *settings, *words], cwd=plan.top, input=stdin, capture_output=True, check=False
    )


def _git(plan: Plan, *words: str, stdin: bytes = b"") -> bytes:
    done = _run(plan, *words, stdin=stdin)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        print(said or f"git {words[0]} failed", file=sys.stderr)
        sys.exit(1)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
