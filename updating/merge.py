"""The three-way merge of a project with its old and new renderings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import env_example, toml
from .line_ends import LineEnds
from .trees import Entry, Store

Files = dict[str, Entry]
_MARKER = re.compile(rb"^<{7} ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A file with lines that both sides changed.

    Attributes:
        path: The file.
        lines: Line numbers of the conflict markers, from 1; empty for a binary file.
    """

    path: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of a merge.

    Attributes:
        files: All files of the project.
        conflicts: Files to resolve.
        stages: Git's three versions of each file in conflict, by stage number.
        kept: Files that the template removed and the project had changed, and that were kept.
        left_deleted: Files that the project had deleted and the template changed, and that stay
            deleted.
    """

    files: Files
    conflicts: tuple[Conflict, ...] = ()
    stages: dict[str, dict[int, Entry]] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    left_deleted: tuple[str, ...] = ()


def merge(store: Store, base: Files, ours: Files, theirs: Files, *, name: str) -> Merged:
    """Merge.

    Args:
        store: Store with all contents.
        base: Rendering of the project's current release.
        ours: The project.
        theirs: Rendering of the new release.
        name: Name of the template's side in conflict markers.
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
        return Merged(line_ends.restored(files, {}, (root, new))[0])

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
            both = toml.with_both_additions(store, path, versions)
            if both is None:
                both = env_example.with_both_additions(store, path, versions)
            if both is not None:
                files[path] = Entry(files[path].mode, store.blob(both))
                continue
            content = store.read(files[path].blob) if path in files else b""
            conflicts.append(Conflict(path, marked_lines(content)))
    marked = {conflict.path: stages[conflict.path] for conflict in conflicts}
    files, marked = line_ends.restored(files, marked, (root, new))
    return Merged(
        files,
        tuple(conflicts),
        marked,
        tuple(kept),
        tuple(left_deleted),
    )


def marked_lines(content: bytes) -> tuple[int, ...]:
    """Line numbers of the conflict markers of a file, from 1.

    Args:
        content: The file.
    """
    return tuple(content.count(b"\n", 0, at.start()) + 1 for at in _MARKER.finditer(content))


def _containing_all_of(store: Store, base: Files, ours: Files, theirs: Files) -> Files:
    """Files that the template adds and that exist in the project, with additional lines.

    An example is a file that was kept when its part was removed, if the part is added again.
    """
    both = [path for path in theirs if path not in base and path in ours]
    contents = store.read_all(side[path].blob for path in both for side in (ours, theirs))
    found = {}
    for path in both:
        lines = iter(contents[ours[path].blob].splitlines())
        if all(line in lines for line in contents[theirs[path].blob].splitlines()):
            found[path] = ours[path]
    return found
