"""Finding the answers file of a project, which can have another name."""

from __future__ import annotations

import posixpath
import re

from .answers import parse
from .errors import UpdateError
from .git import Git, GitError

_NAME = re.compile(r"[^/]*answers[^/]*\.ya?ml")


def checked(name: str) -> str:
    """Normalize the path of an answers file that the user gave.

    Args:
        name: Its name, from the project's root.

    Raises:
        UpdateError: When it is in another folder.
    """
    path = posixpath.normpath(name)
    if path.startswith(("/", "..")):
        raise UpdateError(
            f"The answers file {name} is not in the project: give its path from the project's root."
        )
    return path


def find(git: Git, tree: str) -> str | None:
    """Find the answers file of a project that has none with the default name.

    Args:
        git: The project's repository.
        tree: Prefix of git's names for files in the project's folder, such as `HEAD:folder/`.

    Returns:
        Its path from the project's root; None if there is none.

    Raises:
        UpdateError: When there are several, and the user has to choose one.
    """
    try:
        names = git.raw("ls-tree", "-z", "--name-only", tree).decode(errors="surrogateescape")
    except GitError:
        # The project's folder is not committed.
        return None
    named = [name for name in names.split("\0") if _NAME.fullmatch(name)]
    found = [name for name in named if _names_a_template(git, f"{tree}{name}")]
    if len(found) > 1:
        raise UpdateError(
            f"The project has several answers files ({', '.join(found)}): choose one with "
            "--answers-file."
        )
    return found[0] if found else None


def _names_a_template(git: Git, place: str) -> bool:
    try:
        parse(git.raw("show", place).decode(errors="replace"))
    except UpdateError:
        return False
    return True
