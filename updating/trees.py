"""Trees of files as git objects, in the update's own object store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from .entry import SUBMODULE, Entry, entries
from .git import Git
from .objects import Objects
from .reader import Reader

# Larger contents are not merged by line.
LARGEST = 16 * 2**20
_REGULAR = "100644"
_WHO = "Twelvestar <twelvestar@localhost> 0 +0000"
_IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (
        ("NAME", "Twelvestar"),
        ("EMAIL", "twelvestar@localhost"),
        ("DATE", "@0 +0000"),
    )
}
_CONFIG = "[core]\n\trepositoryformatversion = {version}\n\tbare = true\n"
_SHA256 = "[extensions]\n\tobjectFormat = sha256\n"


class Store:
    """A bare repository that reads the project's objects and stores new ones separately.

    So computing an update does not change the project.

    Args:
        folder: A new folder.
        objects: The project's objects.
        object_format: The project's hash, `sha1` or `sha256`.
    """

    def __init__(self, folder: Path, objects: Path, object_format: str = "sha1") -> None:
        bare_repository(folder, object_format)
        self.folder = folder
        self.object_format = object_format
        self.git = Git(folder, {**_IDENTITY, "GIT_DIR": str(folder)})
        self._objects = Objects(folder / "objects", object_format)
        self._reader = Reader(self.git)
        self._borrowed: dict[Path, object] = {}
        self.borrow(objects)

    def borrow(self, objects: Path, owner: object = None) -> None:
        """Read the objects of another repository too.

        Args:
            objects: Its objects.
            owner: Object to keep alive as long as this store.
        """
        if objects not in self._borrowed:
            self._borrowed[objects] = owner
            lines = "".join(f"{_quoted(each)}\n" for each in self._borrowed)
            alternates = self.folder / "objects" / "info" / "alternates"
            alternates.write_text(lines, encoding="utf-8", errors="surrogateescape")
            # A running process would not read the list of alternates again.
            self._reader.close()

    def close(self) -> None:
        """End the process that reads; the next read starts another one."""
        self._reader.close()

    def of_tree(self, tree: str) -> dict[str, Entry]:
        """List all files of a tree.

        Args:
            tree: A tree or a commit.
        """
        return entries(self.git.raw("ls-tree", "-r", "-z", "--full-tree", tree))

    def tree(self, entries: Mapping[str, Entry]) -> str:
        """Make a tree.

        Args:
            entries: Its files by path.

        Returns:
            Its id.

        Raises:
            GitError: When a path is invalid.
        """
        return self._objects.tree(entries)

    def commit(self, tree: str, *parents: str, message: str = "") -> str:
        """Make a temporary commit.

        Args:
            tree: Its tree.
            parents: Its parents.
            message: Its message.

        Returns:
            Its id.
        """
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {_WHO}", f"committer {_WHO}", "", message]
        return self._objects.write("commit", "\n".join(lines).encode())

    def blob(self, content: bytes) -> str:
        """Store a content.

        Args:
            content: The content.

        Returns:
            Its id.
        """
        return self._objects.write("blob", content)

    def entry(self, content: bytes) -> Entry:
        """Store a content as a regular file.

        Args:
            content: The content.
        """
        return Entry(_REGULAR, self.blob(content))

    def read(self, blob: str) -> bytes:
        """Read a content.

        Args:
            blob: Its id.

        Raises:
            GitError: When it is missing.
        """
        return self._reader.contents([blob])[blob]

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """Lengths of contents, in bytes.

        Args:
            blobs: Ids.

        Raises:
            GitError: When one is missing.
        """
        return self._reader.sizes(blobs)

    def read_all(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Many contents by id; contents too large to be text are left out.

        Args:
            blobs: Ids.

        Raises:
            GitError: When one is missing.
        """
        sizes = self._reader.sizes(blobs)
        texts = self._reader.contents(blob for blob, size in sizes.items() if size <= LARGEST)
        return {blob: texts.get(blob, b"") for blob in sizes}


def bare_repository(folder: Path, object_format: str) -> None:
    """Make an empty repository, without running git.

    Args:
        folder: A new folder.
        object_format: Its hash, `sha1` or `sha256`.
    """
    for part in ("objects/info", "objects/pack", "refs/heads"):
        (folder / part).mkdir(parents=True)
    config = _CONFIG.format(version=int(object_format != "sha1"))
    if object_format != "sha1":
        config += _SHA256
    (folder / "config").write_text(config, encoding="utf-8")
    (folder / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")


def _quoted(path: Path) -> str:
    """A path, quoted for git's list of alternates."""
    if "\n" not in str(path):
        return str(path)
    special = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
    return '"' + "".join(special.get(each, each) for each in str(path)) + '"'


__all__ = ["LARGEST", "SUBMODULE", "Entry", "Store", "bare_repository"]
