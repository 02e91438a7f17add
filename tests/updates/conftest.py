"""Fixtures of the tests of updates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.rendering import locked
from updating.shared import Shared
from updating.trees import Store

from . import published as publishing

Generate = Callable[..., Path]


@pytest.fixture(scope="session")
def published(shared: Path) -> Path:
    """The template with a tag on each release; this tree is the newest."""
    folder = shared / "published"
    with locked(folder):
        return folder if folder.exists() else publishing.publish(folder)


@pytest.fixture(scope="session")
def common(shared: Path) -> Iterator[Shared]:
    """What all updates have in common; their renders, those of all processes of a test run."""
    with Shared(renders=shared / "renders") as common:
        yield common


@pytest.fixture(autouse=True)
def quick(common: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renders nothing twice for updates in this process that have nothing of their own."""
    monkeypatch.setattr("updating.update.Shared", lambda: nullcontext(common))


@pytest.fixture
def generate(published: Path, common: Shared, tmp_path: Path) -> Generate:
    """Generates a project of a release."""

    def generate(
        answers: Mapping[str, Any] | None = None,
        *,
        version: str = "1.0.0",
        name: str = "project",
        template: Path = published,
    ) -> Path:
        made = tmp_path / name
        return publishing.generate(common, template, version, answers or {}, made)

    return generate


@pytest.fixture
def newest(published: Path) -> str:
    """What this tree is called."""
    return publishing.versions(published)[-1]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store beside an empty repository."""
    repository = tmp_path / "repository"
    repository.mkdir()
    publishing.git_in(repository).run("init", "--quiet")
    return Store(tmp_path / "store.git", repository / ".git" / "objects")
