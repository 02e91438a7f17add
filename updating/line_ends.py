"""Line endings and byte order marks, which depend on a person's editor.

They do not count as edits. So files are merged without them, and they are restored in the merged
file: lines of the project keep their endings, and other lines get the most common one of the
project's file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from .trees import LARGEST, SUBMODULE, Entry, Store

Files = dict[str, Entry]
_BOM = b"\xef\xbb\xbf"
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


class LineEnds:
    """The three sides of a merge, normalized where the project and the template differ.

    Args:
        store: Store with the contents of files.
        base: Rendering of the project's current release.
        ours: The project.
        theirs: Rendering of the new release.

    Attributes:
        base: The base with normalized line endings.
        ours: The project with normalized line endings.
        theirs: The new rendering with normalized line endings.
    """

    def __init__(self, store: Store, base: Files, ours: Files, theirs: Files) -> None:
        self._store = store
        self._own, self._template = ours, theirs
        touched = {path for path, entry in ours.items() if entry != base.get(path)}
        found = _with_marks(store, {path: ours[path] for path in touched})
        self._mine = _plain(store, ours, found)
        others = [
            {path for path in side if path not in ours or path in touched}
            for side in (base, theirs)
        ]
        self._new = _plain(store, theirs, others[1])
        then = _plain(store, base, others[0])
        self.base, self.ours, self.theirs = base | then, ours | self._mine, theirs | self._new
        self._levelled = self._mine.keys() | self._new.keys() | then.keys()

    def restored(
        self, files: Files, stages: dict[str, dict[int, Entry]], template: tuple[str, str]
    ) -> tuple[Files, dict[str, dict[int, Entry]]]:
        """Restore line endings in merged files.

        Args:
            files: The merged files.
            stages: Git's three versions of each file in conflict.
            template: The commits of the template's sides, then and now.

        Returns:
            The files with the project's line endings.
        """
        if not self._levelled:
            return files, stages
        moved = self._moved_by_template(files, template)
        files = dict(files)
        for path, entry in files.items():
            source = moved.get(path, path)
            if source in self._own and {source, path} & self._levelled:
                files[path] = self._like_mine(entry, source)
            elif entry == self._new.get(path):
                files[path] = self._template[path]
        return files, {
            path: {number: self._like_mine(entry, path) for number, entry in versions.items()}
            if path in self._own and path in self._levelled
            else versions
            for path, versions in stages.items()
        }

    def _like_mine(self, entry: Entry, path: str) -> Entry:
        mine = self._own[path]
        if entry.blob == self.ours[path].blob:
            return Entry(entry.mode, mine.blob)
        content = as_in(self._store.read(entry.blob), self._store.read(mine.blob))
        return Entry(entry.mode, self._store.blob(content))

    def _moved_by_template(self, files: Files, template: tuple[str, str]) -> dict[str, str]:
        if all(path in files for path in self._mine):
            return {}
        words = ("diff-tree", "-r", "-z", "--find-renames", "--diff-filter=R", "--name-status")
        listing = self._store.git.raw(*words, *template).decode(errors="surrogateescape")
        # A status such as `R100`, the old name and the new one.
        fields = listing.split("\0")
        return {
            new: old
            for old, new in zip(fields[1::3], fields[2::3], strict=False)
            if old in self._mine and new not in self._own
        }


def plain(content: bytes) -> bytes:
    """Normalize line endings to LF, and remove the byte order mark.

    Args:
        content: A file; a binary one stays as it is.
    """
    return content if b"\0" in content else content.removeprefix(_BOM).replace(b"\r\n", b"\n")


def as_in(content: bytes, model: bytes) -> bytes:
    """Give a text the line endings and byte order mark of another.

    Args:
        content: A text with normalized line endings.
        model: A text with common lines, which get the same endings. Other lines get its most common
            one.
    """
    if b"\0" in content or b"\0" in model:
        return content
    mark = _BOM if model.startswith(_BOM) else b""
    wanted = _LINE.findall(model.removeprefix(_BOM))
    crlf = sum(line.endswith(b"\r\n") for line in wanted)
    rest = [line.replace(b"\r\n", b"\n") for line in wanted]
    lines = _LINE.findall(content)
    mostly = b"\r\n" if 2 * crlf > sum(line.endswith(b"\n") for line in wanted) else b"\n"
    made = [line.removesuffix(b"\n") + mostly if line.endswith(b"\n") else line for line in lines]
    for block in SequenceMatcher(None, rest, lines, autojunk=False).get_matching_blocks():
        made[block.b : block.b + block.size] = wanted[block.a : block.a + block.size]
    return mark + b"".join(made)


def _with_marks(store: Store, files: Files) -> set[str]:
    """Text files with CRLF line endings or a byte order mark."""
    files = {path: entry for path, entry in files.items() if entry.mode != SUBMODULE}
    sizes = store.sizes(entry.blob for entry in files.values())
    # Git would have to read all of a larger file.
    small = {path: each for path, each in files.items() if sizes[each.blob] <= LARGEST}
    if not small:
        return set()
    tree = store.tree(small)
    words = ("grep", "-I", "-z", "--files-with-matches", "-e", "\r$", "-e", "^\ufeff", tree)
    listing = store.git.run(*words, accept=(0, 1))[1].decode(errors="surrogateescape")
    return {line.removeprefix(f"{tree}:") for line in listing.split("\0") if line}


def _plain(store: Store, files: Files, paths: Iterable[str]) -> Files:
    """The files that normalization changes, normalized."""
    paths = [path for path in paths if files[path].mode.startswith("100")]
    contents = store.read_all(files[path].blob for path in paths)
    made = {}
    for path in paths:
        content = contents[files[path].blob]
        if (text := plain(content)) != content:
            made[path] = Entry(files[path].mode, store.blob(text))
    return made
