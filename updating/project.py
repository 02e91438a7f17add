"""The project to update, in its repository."""

from __future__ import annotations

from pathlib import Path

from .answers import ANSWERS_FILE, Origin, parse
from .answers_file import checked, find
from .errors import UpdateError
from .git import Git, GitError, check_version
from .partial import fetch_missing_objects
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


class Snapshot:
    """A project in one commit of a repository, which needs no working tree.

    Args:
        folder: The git folder. The repository may be bare and shallow.
        head: The commit; a name that git knows.
        prefix: The project's folder in the repository: empty, or ending with a slash.
        variables: Additional environment variables for git.
        answers_file: Name of its answers file, if it is not the default one.

    Raises:
        UpdateError: When there is no such commit.
    """

    def __init__(
        self,
        folder: Path,
        head: str,
        prefix: str = "",
        variables: dict[str, str] | None = None,
        answers_file: str | None = None,
    ) -> None:
        self.answers_file = answers_file
        self.folder = folder
        self.prefix = prefix
        self.git = Git(folder, {"GIT_DIR": str(folder), **(variables or {})}, line_ends=True)
        self._listed: dict[str, Entry] | None = None
        about = ("--git-path", "objects", "--show-object-format", f"{head}^{{commit}}")
        try:
            lines = self.git.text("rev-parse", *about, "--symbolic-full-name", "HEAD").split("\n")
        except GitError as error:
            raise UpdateError(f"There is no commit {head} in {folder}: {error}") from error
        self._objects, self.object_format, self.head = lines[:3]
        # Empty for a detached HEAD.
        self.branch = lines[3] if lines[3:] != ["HEAD"] else ""

    def objects(self) -> Path:
        """The object folder of the repository."""
        return (self.git.folder / self._objects).resolve()

    def origin(self) -> Origin:
        """The committed answers file.

        Raises:
            UpdateError: When there is no answers file, or it is broken.
        """
        tree = f"{self.head}:{self.prefix}"
        name = self.answers_file or ANSWERS_FILE
        try:
            text = self.git.raw("cat-file", "blob", f"{tree}{name}")
        except GitError as error:
            if self.answers_file is None and (found := find(self.git, tree)):
                self.answers_file = found
                return self.origin()
            raise UpdateError(
                f"The last commit of {self.place} has no {name}: this is not a generated "
                "project, or the file has to be restored."
            ) from error
        return parse(text.decode(errors="replace"), name)

    @property
    def place(self) -> Path:
        """Its location, for messages."""
        return self.folder / self.prefix

    def files(self, store: Store) -> dict[str, Entry]:
        """Its files as they are committed, by their paths from its root.

        Args:
            store: Reads the project's objects.

        Raises:
            UpdateError: When the repository is a partial clone, and cannot fetch what it lacks.
        """
        return {
            path.removeprefix(self.prefix): entry
            for path, entry in self._listing(store).items()
            if path.startswith(self.prefix)
        }

    def whole_tree(self, store: Store, files: dict[str, Entry]) -> str:
        """Make the tree of the whole repository with other files in the project's folder.

        Args:
            store: The store to write it to.
            files: Files by their paths from the project's root.

        Returns:
            Its id.
        """
        others = {
            path: entry
            for path, entry in self._listing(store).items()
            if self.prefix and not path.startswith(self.prefix)
        }
        mine = {f"{self.prefix}{path}": entry for path, entry in files.items()}
        return store.tree(others | mine)

    def _listing(self, store: Store) -> dict[str, Entry]:
        if self._listed is None:
            fetch_missing_objects(self.git, f"{self.head}^{{tree}}")
            self._listed = store.of_tree(self.head)
        return self._listed


class Project(Snapshot):
    """A generated project in its repository, with a working tree.

    Args:
        root: Its folder, which may be a part of the repository.
        answers_file: Name of its answers file, if it is not the default one.

    Raises:
        UpdateError: When it is in no repository, or its repository has no commit.
    """

    def __init__(self, root: Path, answers_file: str | None = None) -> None:
        if answers_file is not None:
            answers_file = checked(answers_file)
        self.root = root.absolute()
        if not self.root.is_dir():
            raise UpdateError(f"There is no folder {root}: give the folder of a generated project.")
        git = Git(self.root)
        check_version(git)
        try:
            said = git.text("rev-parse", "--show-toplevel", "--absolute-git-dir")
            top, folder = said.split("\n")
        except ValueError as error:
            raise UpdateError(
                f"The path of the repository of {str(root)!r} has a line break in it: rename that "
                "folder, and update again."
            ) from error
        except GitError as error:
            said = str(error)
            if "safe.directory" in said or "dubious ownership" in said:
                raise UpdateError(
                    f"Git does not trust {root}, because it belongs to somebody else: run "
                    f"`git config --global --add safe.directory {self.root}`, and update again."
                ) from error
            raise UpdateError(
                f"{root} is not in a git repository: run `git init`, commit everything, and "
                "update again."
            ) from error
        self.top = Path(top)
        inside = self.root.resolve().relative_to(self.top.resolve()).as_posix()
        try:
            super().__init__(
                Path(folder),
                "HEAD",
                "" if inside == "." else f"{inside}/",
                {"GIT_WORK_TREE": str(self.top)},
                answers_file,
            )
        except UpdateError as error:
            raise UpdateError(
                f"The repository of {root} has no commit: commit everything, and update again."
            ) from error
        self.git.folder = self.top

    def look_again(self) -> None:
        """Read HEAD again, after it was changed."""
        self.head = self.git.text("rev-parse", "HEAD")
        self._listed = None

    @property
    def place(self) -> Path:
        """Its location, for messages."""
        return self.root

    def refuse_unfinished_work(self) -> None:
        """Refuse a repository with uncommitted changes, or in the middle of a merge or similar.

        Raises:
            UpdateError: When there is any.
        """
        for name, what in _UNDER_WAY.items():
            if (self.folder / name).exists():
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
