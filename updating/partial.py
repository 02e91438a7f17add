"""Objects that a partial clone leaves with its remote until somebody needs them."""

from __future__ import annotations

from .errors import Status, UpdateError
from .git import Git, GitError


def fetch_missing_objects(git: Git, tree: str) -> None:
    """Fetch the objects of a tree that a partial clone lacks, in one go.

    Git itself would fetch them one by one, and a store beside the clone not at all.

    Args:
        git: The repository; nothing happens in one that is no partial clone.
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
            f"The repository is a partial clone, and the files that it lacks could not be fetched "
            f"from {remote}: {error}",
            Status.FAILED,
        ) from error
