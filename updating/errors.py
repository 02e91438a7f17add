"""How an update ends: statuses, and the one sentence of an update that does not happen."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Exit status of the command."""

    CLEAN = 0
    """The project is as the release has it, but for its owner's edits."""
    REFUSED = 1
    """Something has to be done first; nothing was changed."""
    CONFLICTS = 2
    """The project and the template changed the same lines; the files are marked."""
    DRIFT = 3
    """`--check` found template-owned files that people changed."""
    FAILED = 4
    """The template could not be fetched, rendered or migrated; nothing was changed."""


class UpdateError(Exception):
    """An update that does not happen.

    Args:
        sentence: What is wrong and what to do, in one sentence.
        status: Exit status of the command.
    """

    def __init__(self, sentence: str, status: Status = Status.REFUSED) -> None:
        super().__init__(sentence)
        self.status = status


def failed(error: OSError) -> UpdateError:
    """The sentence on a file or a program that failed beside the project.

    Args:
        error: What failed.
    """
    where = f"{error.filename}: " if error.filename else ""
    return UpdateError(
        f"Nothing was changed, because it failed: {where}{error.strerror or error}", Status.FAILED
    )
