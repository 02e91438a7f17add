"""The project that is updated, as its repository has it."""

from __future__ import annotations

from pathlib import Path

from .answers import ANSWERS_FILE, Origin, parse
from .errors import UpdateError
from .git import Git, GitError, check_version
from .trees import Entry, Store

_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "BISECT_LOG": "a bisection",
}
_NAMED = 3


class Project:
    """A generated project in its repository.

    Args:
        root: Its folder, which may be a part of the repository.

    Raises:
        UpdateError: When it is in no repository, or its repository has no commit.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        if not self.root.is_dir():
            raise UpdateError(f"There is no folder {root}: name the one of a generated project.")
        git = Git(self.root)
        check_version(git)
        try:
            self.top = Path(git.text("rev-parse", "--show-toplevel"))
        except GitError as error:
            raise UpdateError(
                f"{root} is in no git repository: run `git init`, commit everything, "
                "and update again."
            ) from error
        self.git = Git(self.top)
        self.folder = Path(self.git.text("rev-parse", "--absolute-git-dir"))
        try:
            self.head = self.git.text("rev-parse", "--verify", "HEAD^{commit}")
        except GitError as error:
            raise UpdateError(
                f"The repository of {root} has no commit: commit everything, and update again."
            ) from error
        inside = self.root.resolve().relative_to(self.top.resolve()).as_posix()
        self.prefix = "" if inside == "." else f"{inside}/"

    def objects(self) -> Path:
        """Where the repository keeps its objects."""
        return (self.top / self.git.text("rev-parse", "--git-path", "objects")).resolve()

    def origin(self) -> Origin:
        """What the project was generated from, as it is committed.

        Raises:
            UpdateError: When there is no answers file, or it is broken.
        """
        try:
            text = self.git.raw("show", f"HEAD:{self.prefix}{ANSWERS_FILE}")
        except GitError as error:
            raise UpdateError(
                f"There is no {ANSWERS_FILE} in the last commit of {self.root}: this is no "
                "generated project, or the file has to be restored."
            ) from error
        return parse(text.decode(errors="replace"))

    def refuse_unfinished_work(self) -> None:
        """Refuse a repository with changes, or in the middle of something.

        Raises:
            UpdateError: When there is any.
        """
        for name, what in _UNDER_WAY.items():
            if (self.top / self.git.text("rev-parse", "--git-path", name)).exists():
                raise UpdateError(
                    f"The repository is in the middle of {what}: finish it, and update again."
                )
        status = ("status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=none")
        changed = [line for line in self.git.raw(*status).decode(errors="replace").split("\0")]
        names = [line[3:] for line in changed if line]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            raise UpdateError(
                f"There are uncommitted changes ({', '.join(names[:_NAMED])}{more}): "
                "commit or stash them, and update again."
            )

    def restore(self) -> None:
        """Bring the project's folder back to the last commit; ignored files stay."""
        at = self.prefix or "."
        self.git.run("restore", "--source=HEAD", "--staged", "--worktree", "--", at)
        self.git.run("clean", "--force", "-d", "--quiet", "--", at)

    def refuse_files_in_the_way(self, paths: list[str]) -> None:
        """Refuse to write where a file is that git does not have.

        Args:
            paths: Files that are new to the project, from its root.

        Raises:
            UpdateError: When one is there already.
        """
        for path in paths:
            if (self.root / path).exists() or (self.root / path).is_symlink():
                raise UpdateError(
                    f"{path} is not under version control, and the release has a file of that "
                    "name: move it away, and update again."
                )

    def files(self, store: Store) -> dict[str, Entry]:
        """Its files as they are committed, by their paths from its root.

        Args:
            store: Reads the project's objects.
        """
        return {
            path.removeprefix(self.prefix): entry
            for path, entry in store.of_tree(self.head).items()
            if path.startswith(self.prefix)
        }

    def whole_tree(self, store: Store, files: dict[str, Entry]) -> str:
        """Make the tree of the whole repository with other files in the project's folder.

        Args:
            store: Where it is made.
            files: Files by their paths from the project's root.

        Returns:
            Its id.
        """
        others = {
            path: entry
            for path, entry in store.of_tree(self.head).items()
            if self.prefix and not path.startswith(self.prefix)
        }
        mine = {f"{self.prefix}{path}": entry for path, entry in files.items()}
        return store.tree(others | mine)
