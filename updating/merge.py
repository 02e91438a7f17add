"""The three-way merge of a project with what the template made of it, then and now."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .line_ends import LineEnds
from .toml import with_both_additions
from .trees import Entry, Store

Files = dict[str, Entry]
_MARKER = re.compile(rb"^<{7} ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place where both sides changed the same lines.

    Attributes:
        path: The file.
        lines: Where the marked places begin, from 1; empty for a file that has no lines.
    """

    path: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of it.

    Attributes:
        files: All files of the project.
        conflicts: Files to resolve.
        stages: Git's three versions of each file in conflict, by their numbers.
        kept: Files that the template dropped and the project had changed; they stay.
        left_deleted: Files that the project had deleted and the template changed; they stay away.
    """

    files: Files
    conflicts: tuple[Conflict, ...] = ()
    stages: dict[str, dict[int, Entry]] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    left_deleted: tuple[str, ...] = ()


def merge(store: Store, base: Files, ours: Files, theirs: Files, *, name: str) -> Merged:
    """Merge.

    Args:
        store: Where all of it is.
        base: What the template made of the project the last time.
        ours: The project.
        theirs: What the template makes of it now.
        name: What the template's side is called in conflict markers.
    """
    line_ends = LineEnds(store, base, ours, theirs)
    base, ours, theirs = line_ends.base, line_ends.ours, line_ends.theirs
    theirs |= _containing_all_of(store, base, ours, theirs)
    git = store.git
    root = store.commit(store.tree(base))
    new = store.commit(store.tree(theirs), root)
    for branch, commit in (("your-project", store.commit(store.tree(ours), root)), (name, new)):
        git.run("update-ref", f"refs/heads/{branch}", commit)
    status, printed = git.run(
        "merge-tree", "--write-tree", "-z", "--no-messages", "your-project", name, accept=(0, 1)
    )
    tree, *lines = printed.decode(errors="surrogateescape").split("\0")
    files = store.of_tree(tree)
    if status == 0:
        return Merged(line_ends.given_back(files, {}, (root, new))[0])

    stages: dict[str, dict[int, Entry]] = {}
    for line in filter(None, lines):
        about, _, path = line.partition("\t")
        mode, blob, stage = about.split()
        stages.setdefault(path, {})[int(stage)] = Entry(mode, blob)
    kept, left_deleted, conflicts = [], [], []
    for path, versions in stages.items():
        if set(versions) == {1, 2}:
            kept.append(path)
        elif set(versions) == {1, 3}:
            left_deleted.append(path)
            files.pop(path, None)
        else:
            if (both := with_both_additions(store, path, versions)) is not None:
                files[path] = Entry(files[path].mode, store.blob(both))
                continue
            content = store.read(files[path].blob) if path in files else b""
            conflicts.append(Conflict(path, marked_lines(content)))
    marked = {conflict.path: stages[conflict.path] for conflict in conflicts}
    files, marked = line_ends.given_back(files, marked, (root, new))
    return Merged(
        files,
        tuple(conflicts),
        marked,
        tuple(kept),
        tuple(left_deleted),
    )


def marked_lines(content: bytes) -> tuple[int, ...]:
    """Where the conflict markers of a file begin, from line 1.

    Args:
        content: The file.
    """
    return tuple(content.count(b"\n", 0, at.start()) + 1 for at in _MARKER.finditer(content))


def _containing_all_of(store: Store, base: Files, ours: Files, theirs: Files) -> Files:
    """Files that the template adds and the project has already, with lines of its own besides.

    So it is with a file that was kept when a part was dropped, and comes back with the part.
    """
    both = [path for path in theirs if path not in base and path in ours]
    contents = store.read_all(side[path].blob for path in both for side in (ours, theirs))
    found = {}
    for path in both:
        lines = iter(contents[ours[path].blob].splitlines())
        if all(line in lines for line in contents[theirs[path].blob].splitlines()):
            found[path] = ours[path]
    return found
