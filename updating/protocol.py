"""The stable interface for programs that update many projects.

Such a program imports this module from an export of the target release, in a separate process, so
that projects get the migrations and the merge of that release. It first reads `PROTOCOL` from the
text of this file, and refuses a release with an unknown number. The number changes with this
interface.
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
        renders: A folder for cached renderings, which are kept after the process ends.
    """

    def __init__(self, template: Path, renders: Path) -> None:
        self._template = str(template)
        self._shared = Shared(renders=renders)

    def __enter__(self) -> Self:
        """Enter the context."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the context."""
        self.close()

    def close(self) -> None:
        """Remove temporary data of this process."""
        self._shared.close()

    def commit(
        self,
        repository: Path,
        parent: str,
        folder: str,
        to: str,
        data: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Commit an update to a bare or shallow repository, without moving a branch.

        Args:
            repository: The git folder.
            parent: Full id of the commit to update.
            folder: The project's folder in it; empty for its root.
            to: A release or a commit of the template.
            data: New answers.

        Returns:
            `status`: 0 clean, 1 refused, 2 conflicts, 4 failed; `sentence`: the reason, if it was
            refused or failed; `report`: otherwise the report, with `commit`; `text`: the report as
            text.
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
        return _result(report.to_json(), report.to_text())

    def update(self, folder: Path, to: str, *, preview: bool = False) -> dict[str, Any]:
        """Update and commit a project in its folder.

        Args:
            folder: The project's folder.
            to: A release or a commit of the template.
            preview: Whether to only report, and change nothing.

        Returns:
            As `commit`.
        """
        try:
            report = update(
                folder, template=self._template, to=to, preview=preview, shared=self._shared
            )
        except UpdateError as error:
            return _refused(error)
        return _result(report.to_json(), report.to_text())

    def drift(self, repository: Path, parent: str, folder: str) -> dict[str, Any]:
        """Compare a project with a fresh render of its own release and answers.

        Args:
            repository: The git folder. The repository may be bare and shallow.
            parent: Full id of the commit to compare.
            folder: The project's folder in it; empty for its root.

        Returns:
            `status` and `sentence` as for `commit`; `paths`: template-owned files that were changed
            or deleted.
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


def _result(document: str, text: str) -> dict[str, Any]:
    report = json.loads(document)
    return {"status": report["status"], "report": report, "text": text}
