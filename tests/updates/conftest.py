"""Fixtures of the tests of updates."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from updating.shared import Shared
from updating.trees import Store

from . import published as publishing


@pytest.fixture(autouse=True)
def quick(common: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets updates in this process share a cache of renderings, unless they pass their own."""
    monkeypatch.setattr("updating.update.Shared", lambda: nullcontext(common))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store beside an empty repository."""
    repository = tmp_path / "repository"
    repository.mkdir()
    publishing.git_in(repository).run("init", "--quiet")
    return Store(tmp_path / "store.git", repository / ".git" / "objects")
