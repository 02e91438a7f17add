"""Exit statuses of an update, and the error of one that is refused or fails."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Exit status of the command."""

    CLEAN = 0
    """The project has the release, merged with its owner's changes."""
    REFUSED = 1
    """Refused: the user has to do something first; nothing was changed."""
    CONFLICTS = 2
    """The project and the template changed the same lines, which are marked in the files."""
    DRIFT = 3
    """`--check` found template-owned files with local changes."""
    FAILED = 4
    """The template could not be fetched, rendered or migrated; nothing was changed."""


class UpdateError(Exception):
    """An update that was refused or failed.

    Args:
        sentence: What is wrong and what to do, in one sentence.
        status: Exit status of the command.
    """

    def __init__(self, sentence: str, status: Status = Status.REFUSED) -> None:
        super().__init__(sentence)
        self.status = status


def failed(error: OSError) -> UpdateError:
    """The message for an error outside the project.

    Args:
        error: What failed.
    """
    where = f"{error.filename}: " if error.filename else ""
    return UpdateError(
        f"The update failed, and nothing was changed: {where}{error.strerror or error}",
        Status.FAILED,
    )
