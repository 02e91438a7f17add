"""Writing git objects without a process for each.

An object is its type, length and content, compressed, in a file that is named by the hash of them
(gitformat-loose in git's documentation).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from .entry import Entry
from .git import GitError

Kind = Literal["blob", "tree", "commit"]
_TREE = "40000"
_QUICK = 1
# Names that git refuses in a tree.
_FORBIDDEN = {"", ".", "..", ".git"}


def identify(kind: Kind, content: bytes, object_format: str) -> str:
    """The id of a git object.

    Args:
        kind: Its type.
        content: Its content.
        object_format: The repository's hash, `sha1` or `sha256`.
    """
    digest = hashlib.new(object_format, _header(kind, content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


class Objects:
    """A folder of objects.

    Args:
        folder: The folder, `objects` of a repository.
        object_format: The repository's hash, `sha1` or `sha256`.
    """

    def __init__(self, folder: Path, object_format: str) -> None:
        self._folder = folder
        self._format = object_format

    def write(self, kind: Kind, content: bytes) -> str:
        """Write an object.

        Args:
            kind: Its type.
            content: Its content.

        Returns:
            Its id.
        """
        identifier = identify(kind, content, self._format)
        path = self._folder / identifier[:2] / identifier[2:]
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            descriptor, draft = tempfile.mkstemp(prefix="tmp_obj_", dir=path.parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(zlib.compress(_header(kind, content) + content, _QUICK))
            Path(draft).replace(path)
        return identifier

    def tree(self, entries: Mapping[str, Entry]) -> str:
        """Write a tree with its subtrees.

        Args:
            entries: Its files by path.

        Returns:
            Its id.

        Raises:
            GitError: When git could not check it out: a path is invalid, or both file and folder.
        """
        root: _Folder = {}
        for path, entry in entries.items():
            *folders, name = path.split("/")
            if not _FORBIDDEN.isdisjoint((*folders, name)):
                raise GitError(f"{path!r} is not a valid path")
            at = root
            for folder in folders:
                inside = at.setdefault(folder, {})
                if isinstance(inside, Entry):
                    raise GitError(f"{folder} is a file and a folder of {path}")
                at = inside
            if name in at:
                raise GitError(f"{path} is a file and a folder")
            at[name] = entry
        return self._tree(root)

    def _tree(self, folder: _Folder) -> str:
        lines = []
        for name, entry in folder.items():
            mode, identifier = (
                (entry.mode, entry.blob) if isinstance(entry, Entry) else (_TREE, self._tree(entry))
            )
            encoded = name.encode(errors="surrogateescape")
            # Git sorts folders as if their names ended with a slash.
            order = encoded if mode != _TREE else encoded + b"/"
            lines.append(
                (order, b"%b %b\0%b" % (mode.encode(), encoded, bytes.fromhex(identifier)))
            )
        return self.write("tree", b"".join(line for _, line in sorted(lines)))


_Folder = dict[str, "Entry | _Folder"]


def _header(kind: Kind, content: bytes) -> bytes:
    return f"{kind} {len(content)}\0".encode()
