"""Generated projects for the delivery tests."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.rendering import answer_sets, render
from tools.try_service import Failed, call


@dataclass(frozen=True, slots=True)
class Project:
    """A generated project.

    Args:
        folder: Its root.
        answers: Its answers.
    """

    folder: Path
    answers: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of its distribution and of its command."""
        return str(self.answers["distribution_name"])

    @property
    def source(self) -> Path:
        """Its package."""
        return self.folder / "src" / str(self.answers["package_name"])


@contextmanager
def generated(template: Path, answer_set: str, **answers: Any) -> Iterator[Project]:
    """Generate a project with a lock file and a repository.

    Args:
        template: Folder of the template.
        answer_set: One of the named answer sets.
        answers: Answers that differ from it.
    """
    with tempfile.TemporaryDirectory(prefix=f"{answer_set}-") as folder:
        given = {**answer_sets()[answer_set], **answers}
        root = render(template, Path(folder) / "project", given, tasks=True)
        assert (root / "uv.lock").is_file(), "the lock file was not made"
        yield Project(root, yaml.safe_load((root / ".copier-answers.yml").read_text()))


def change_title(project: Project, title: str) -> None:
    """Edit a source file to change the title of the API.

    Args:
        project: The project.
        title: The new title.
    """
    app = project.source / "app.py"
    old = f"title={json.dumps(project.answers['project_name'])}"
    app.write_text(app.read_text().replace(old, f"title={json.dumps(title)}"))


def shown_title(service: dict[str, Any]) -> str | None:
    """The title of the API of a running service; empty while it does not respond.

    Args:
        service: A mapping with its `url`.
    """
    try:
        title: str = call(service, "GET", "/schema/openapi.json")["info"]["title"]
    except (Failed, OSError):
        return None
    return title
