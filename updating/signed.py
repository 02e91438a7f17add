"""Projects that accept signed releases only."""

from __future__ import annotations

import os

from .errors import UpdateError
from .project import Snapshot

# Keys whose releases the project accepts; scripts/update.py has the same name.
SIGNERS = ".template-signers"
# The commit whose signature scripts/update.py has checked, before it ran this program.
VERIFIED = "TEMPLATE_VERIFIED"


def refuse_unverified(project: Snapshot, commit: str) -> None:
    """Refuse a release whose signature was not checked, if the project requires it.

    Args:
        project: The project.
        commit: The template's commit to update to.

    Raises:
        UpdateError: When it is refused.
    """
    required = project.git.succeeds("cat-file", "-e", f"{project.head}:{project.prefix}{SIGNERS}")
    if required and os.environ.get(VERIFIED) != commit:
        raise UpdateError(
            f"{project.place} accepts signed releases only ({SIGNERS}), and only its "
            "`make update` checks signatures: run that."
        )
