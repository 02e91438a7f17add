"""Fixtures of the fleet's tests."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.standin import Standin
from tests.fleet.standin.repos import environment

_COUNTED = itertools.count()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit on main, and one more on the branch `update/1.0`."""
    folder = tmp_path_factory.mktemp("source")

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=folder, env=environment(folder), check=True)

    git("init", "--quiet", "--initial-branch", "main")
    (folder / "README.md").write_text("# Pay\n")
    git("add", "README.md")
    git("commit", "--quiet", "--message", "Begin")
    git("switch", "--quiet", "--create", "update/1.0")
    (folder / "new").write_text("new\n")
    git("add", "new")
    git("commit", "--quiet", "--message", "Update")
    git("switch", "--quiet", "main")
    return folder


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """A stand-in that the tests of one process share."""
    with Standin(tmp_path_factory.mktemp("forge")) as started:
        yield started


@pytest.fixture
def forge(standin: Standin) -> Iterator[Standin]:
    """The shared stand-in, without faults; each test has an organisation of its own in it."""
    yield standin
    standin.mend()
    standin.allow_doubles(False)


@pytest.fixture
def org() -> str:
    """An organisation that no other test has."""
    return f"org{next(_COUNTED)}"
