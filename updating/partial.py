"""Objects that a partial clone has not fetched yet."""

from __future__ import annotations

from .errors import Status, UpdateError
from .git import Git, GitError


def fetch_missing_objects(git: Git, tree: str) -> None:
    """Fetch the missing objects of a tree in a partial clone, at once.

    Git itself would fetch them one by one, and an alternate object store not at all.

    Args:
        git: The repository; nothing is done if it is not a partial clone.
        tree: The tree.

    Raises:
        UpdateError: When they cannot be fetched.
    """
    promised = ("config", "--name-only", "--get-regexp", r"^remote\..*\.promisor$")
    names = git.run(*promised, accept=(0, 1))[1].decode().split()
    if not names:
        return
    remote = names[0].removeprefix("remote.").removesuffix(".promisor")
    listing = git.text("rev-list", "--objects", "--no-walk", "--missing=print", tree).splitlines()
    missing = [line[1:] for line in listing if line.startswith("?")]
    if not missing:
        return
    options = ("--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin")
    try:
        git.run("fetch", "--quiet", *options, remote, stdin="\n".join(missing).encode() + b"\n")
    except GitError as error:
        raise UpdateError(
            "The repository is a partial clone, and its missing files could not be fetched from "
            f"{remote}: {error}",
            Status.FAILED,
        ) from error
