"""Fixtures of the fleet's tests."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.standin import Standin
from tests.fleet.standin.repos import environment
from tests.updates.published import generate as generate_release
from tests.updates.published import git_in, release
from updating.shared import Shared

from .command import Command, Here, Remotes, command_environment
from .remotes import RELEASES, change_makefile, edit, make_remotes

LATER = "8.0.0"
Put = Callable[..., str]
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
    """A stand-in that all tests of one process share."""
    with Standin(tmp_path_factory.mktemp("forge")) as started:
        yield started


@pytest.fixture
def forge(standin: Standin) -> Iterator[Standin]:
    """The shared stand-in, without faults; each test has its own organisation in it."""
    yield standin
    standin.clear_faults()
    standin.allow_duplicates(False)


@pytest.fixture
def org() -> str:
    """An organisation that no other test has."""
    return f"org{next(_COUNTED)}"


@pytest.fixture
def remotes(common: Shared, published: Path, tmp_path: Path) -> Remotes:
    """Makes bare repositories with services of three releases."""

    def make(count: int, begin: int = 0) -> list[Path]:
        return make_remotes(common, published, RELEASES, tmp_path / "remotes", count, begin)

    return make


@pytest.fixture
def fleet(tmp_path: Path, published: Path, common: Shared) -> Command:
    """Runs a command of the fleet in a folder with the inventory, and with an empty HOME."""
    (tmp_path / "home").mkdir(exist_ok=True)

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "twelvestar", "fleet", *arguments],
            cwd=tmp_path,
            env={**command_environment(tmp_path), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def seed(common: Shared, published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small service of release 1.5.0, which tests copy."""
    folder = tmp_path_factory.mktemp("seed") / "service"
    return generate_release(common, published, "1.5.0", {"preset": "minimal"}, folder)


@pytest.fixture(scope="session")
def later(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with release 8.0.0, which changes a line that is edited in some services."""
    folder = tmp_path_factory.mktemp("later") / "template"
    git_in(folder.parent).run("clone", "--quiet", str(published), str(folder))
    change_makefile(folder)
    release(folder, LATER)
    return folder


@pytest.fixture
def put(seed: Path, forge: Standin, org: str, tmp_path: Path) -> Put:
    """Adds an edited service to the forge, and returns its name."""

    def put(name: str, how: str = "none", **settings: Any) -> str:
        source = seed
        if how != "none":
            source = tmp_path / "edited" / name
            git_in(seed).run("clone", "--quiet", str(seed), str(source))
            edit(source, how, 7)
        forge.add(f"{org}/{name}", source, **settings)
        return f"{org}/{name}"

    return put


@pytest.fixture
def here(tmp_path: Path, shared: Path, forge: Standin) -> Here:
    """Runs commands of the fleet in this process."""
    variables = {"FLEET_TOKEN": forge.token, "FLEET_RETRY_DELAY": "0.01", "FLEET_WORKERS": "0"}
    return Here(tmp_path, shared / "renders", variables)
