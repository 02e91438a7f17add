"""What a program that updates many projects may rely on, whatever the release.

Such a program imports this module from an export of the release that its projects go to, in a
process of its own, so that they get the migrations and the merge of that release. It reads
`PROTOCOL` from the text of the file first, and leaves a release alone whose number it does not
know: the number changes with what is here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from .drift import committed_drift
from .errors import UpdateError
from .shared import Shared
from .update import commit_update, update

PROTOCOL = 1


class Updates:
    """Updates of many projects to releases of one template.

    Args:
        template: A clone of the template, bare or not.
        renders: A folder for renders, which outlast the process.
    """

    def __init__(self, template: Path, renders: Path) -> None:
        self._template = str(template)
        self._shared = Shared(renders=renders)

    def __enter__(self) -> Self:
        """Have it for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Remove what is only for this process."""
        self._shared.close()

    def commit(
        self,
        repository: Path,
        parent: str,
        folder: str,
        to: str,
        data: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Commit an update into a bare or shallow repository, and move no branch.

        Args:
            repository: Git's folder of the repository.
            parent: Full id of the commit that is updated.
            folder: The project's folder in it; empty for its root.
            to: A release or a commit of the template.
            data: Answers that change.

        Returns:
            `status`: 0 clean, 1 refused, 2 conflicts, 4 failed; `sentence`: why, if it was refused
            or failed; `report`: the update's report otherwise, with `commit`; `text`: the same
            for people.
        """
        try:
            report = commit_update(
                repository,
                parent=parent,
                folder=folder,
                template=self._template,
                to=to,
                data=data,
                shared=self._shared,
            )
        except UpdateError as error:
            return _refused(error)
        return _told(report.to_json(), report.to_text())

    def update(self, folder: Path, to: str, *, preview: bool = False) -> dict[str, Any]:
        """Update a project in its folder, and commit that.

        Args:
            folder: The project's folder.
            to: A release or a commit of the template.
            preview: Whether to change nothing.

        Returns:
            As `commit` does.
        """
        try:
            report = update(
                folder, template=self._template, to=to, preview=preview, shared=self._shared
            )
        except UpdateError as error:
            return _refused(error)
        return _told(report.to_json(), report.to_text())

    def drift(self, repository: Path, parent: str, folder: str) -> dict[str, Any]:
        """Compare a project with a fresh render of its own release and answers.

        Args:
            repository: Git's folder of the repository, which may be bare or shallow.
            parent: Full id of the commit that is looked at.
            folder: The project's folder in it; empty for its root.

        Returns:
            `status` and `sentence` as `commit` does; `paths`: template-owned files that people
            changed or removed.
        """
        try:
            paths = committed_drift(
                repository,
                parent=parent,
                folder=folder,
                template=self._template,
                shared=self._shared,
            )
        except UpdateError as error:
            return _refused(error)
        return {"status": 0, "paths": paths}


def _refused(error: UpdateError) -> dict[str, Any]:
    return {"status": int(error.status), "sentence": str(error)}


def _told(document: str, text: str) -> dict[str, Any]:
    report = json.loads(document)
    return {"status": report["status"], "report": report, "text": text}
