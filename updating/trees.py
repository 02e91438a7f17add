"""Trees of files as git objects, in a store of the update's own beside the project's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from .entry import SUBMODULE, Entry, entries
from .git import Git

__all__ = ["SUBMODULE", "Entry", "Store"]

_REGULAR = "100644"
_IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (
        ("NAME", "Twelvestar"),
        ("EMAIL", "twelvestar@localhost"),
        ("DATE", "@0 +0000"),
    )
}


class Store:
    """A bare repository that reads the project's objects and keeps its own.

    Nothing that an update computes reaches the project before it is applied.

    Args:
        folder: A new folder.
        objects: The project's objects.
    """

    def __init__(self, folder: Path, objects: Path) -> None:
        Git(folder.parent).run("init", "--quiet", "--bare", "--template=", str(folder))
        alternates = folder / "objects" / "info" / "alternates"
        alternates.parent.mkdir(exist_ok=True)
        alternates.write_text(f"{objects}\n", encoding="utf-8")
        self.folder = folder
        self.git = Git(folder, _IDENTITY)

    def of_folder(self, folder: Path) -> dict[str, Entry]:
        """Keep all files of a folder, ignored ones too.

        Args:
            folder: The folder.

        Returns:
            Its files by path.
        """
        index = self.folder / "folder.index"
        index.unlink(missing_ok=True)
        git = Git(
            folder,
            {
                **self.git.variables,
                "GIT_DIR": str(self.folder),
                "GIT_WORK_TREE": str(folder),
                "GIT_INDEX_FILE": str(index),
            },
        )
        git.run("add", "--all", "--force", ".")
        return entries(git.raw("ls-files", "--stage", "-z"))

    def of_tree(self, tree: str) -> dict[str, Entry]:
        """List all files of a tree.

        Args:
            tree: A tree or a commit.
        """
        return entries(self.git.raw("ls-tree", "-r", "-z", "--full-tree", tree))

    def tree(self, files: Mapping[str, Entry]) -> str:
        """Make a tree.

        Args:
            files: Its files by path.

        Returns:
            Its id.
        """
        index = self.folder / "tree.index"
        index.unlink(missing_ok=True)
        git = self.git.with_variables(GIT_INDEX_FILE=str(index))
        lines = b"".join(
            f"{entry.mode} {entry.blob}\t{path}\0".encode(errors="surrogateescape")
            for path, entry in files.items()
        )
        git.run("update-index", "-z", "--index-info", stdin=lines)
        return git.text("write-tree")

    def commit(self, tree: str, *parents: str, message: str = "") -> str:
        """Make a commit that nobody sees.

        Args:
            tree: What is in it.
            parents: What came before it.
            message: Its message.

        Returns:
            Its id.
        """
        words = [word for parent in parents for word in ("-p", parent)]
        return self.git.text("commit-tree", tree, *words, stdin=message.encode())

    def blob(self, content: bytes) -> str:
        """Keep a content.

        Args:
            content: The content.

        Returns:
            Its id.
        """
        return self.git.text("hash-object", "-w", "--stdin", stdin=content)

    def entry(self, content: bytes) -> Entry:
        """Keep a content as a regular file.

        Args:
            content: The content.
        """
        return Entry(_REGULAR, self.blob(content))

    def read(self, blob: str) -> bytes:
        """A content.

        Args:
            blob: Its id.
        """
        return self.git.raw("cat-file", "blob", blob)

    def read_all(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Many contents, by their ids.

        Args:
            blobs: Ids.
        """
        wanted = list(dict.fromkeys(blobs))
        if not wanted:
            return {}
        printed = self.git.raw("cat-file", "--batch", stdin="\n".join(wanted).encode() + b"\n")
        contents: dict[str, bytes] = {}
        at = 0
        for blob in wanted:
            end = printed.index(b"\n", at)
            size = int(printed[at:end].split()[2])
            contents[blob] = printed[end + 1 : end + 1 + size]
            at = end + size + 2
        return contents
