"""Actions and images are pinned as recorded, and `make pins` takes newer ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.rendering import ROOT
from tests.updates.published import IDENTITY
from tools.pins import RECORD, Pins, applied, pinned_files, uv_version
from updating.git import Git

# How old the pins of a commit may be: between two releases, and then some.
MAXIMUM_AGE = timedelta(days=120)
WORKFLOW = "template/.github/workflows/ci.yml.jinja"
EMPTY = "refreshed = 2026-01-01\n\n[actions]\n\n[images]\n"


def test_everything_is_pinned_as_recorded() -> None:
    pins = Pins.read()
    texts = {path: path.read_text() for path in pinned_files(ROOT)}
    for path, text in texts.items():
        assert applied(text, pins, uv_version(ROOT)) == text, path
    pinned = "".join(texts.values())
    assert [name for name in (pins.actions | pins.images) if name not in pinned] == []
    assert (ROOT / RECORD).read_text() == pins.text()


def test_no_image_of_a_pipeline_is_without_a_digest() -> None:
    images = (
        r"(?:image|name): ([a-z][\w./-]*:[\w.$@:-]+)"
        r"|services: \[\"(\S+)\"\]"
        r"|[\s-](\w+/\w+:v[^\s\"}]+)"
    )
    found = {
        image
        for path in pinned_files(ROOT)
        if path.name != "Dockerfile.jinja"
        for groups in re.findall(images, path.read_text())
        for image in groups
        if image
    }
    without = {image for image in found if not re.search(r"@sha256:[0-9a-f]{64}$", image)}
    # Its tag depends on the Python that is tested, and contains its version.
    assert len(found - without) >= 5
    assert {re.sub(r"\d+\.\d+\.\d+", "", image, count=1) for image in without} == {
        "astral/uv:-python$PYTHON-trixie",
        "astral/uv:-python3.13-trixie",
    }


def test_pins_are_not_old() -> None:
    day = date.fromisoformat(Git(ROOT).text("log", "-1", "--format=%cs").strip())
    assert day - Pins.read().refreshed <= MAXIMUM_AGE, "run make pins"


@pytest.fixture
def forge(tmp_path: Path) -> Path:
    """A folder with repositories, in the place of GitHub."""
    action = tmp_path / "forge" / "acme" / "action"
    action.mkdir(parents=True)
    git("init", "--quiet", folder=action)
    for version, age, annotated in (
        ("v1.2.0", 90, False),
        ("v1.10.0", 60, True),
        ("v1.11.0-rc1", 40, False),
        ("v2.0.0", 3, False),
    ):
        day = (datetime.now(UTC) - timedelta(days=age)).isoformat()
        commit = ("commit", "--quiet", "--allow-empty", "--message", version)
        git(*commit, folder=action, GIT_COMMITTER_DATE=day)
        git("tag", *(("--annotate", "--message", "") if annotated else ()), version, folder=action)
    git("tag", "v1", "v1.10.0^{}", folder=action)
    return action.parents[1]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one pinned action, and the tools' own version of uv."""
    root = tmp_path / "root"
    (root / WORKFLOW).parent.mkdir(parents=True)
    (root / WORKFLOW).write_text(
        "      - uses: acme/action/sub@main\n      - uses: acme/action@0123 # v1.0.0\n"
    )
    (root / RECORD).parent.mkdir()
    (root / RECORD).write_text(EMPTY)
    shutil.copy(ROOT / "requirements" / "dev.txt", root / "requirements")
    return root


def git(*arguments: str, folder: Path, **variables: str) -> str:
    environment = {**os.environ, **IDENTITY, **variables}
    command: list[str | Path] = ["git", "-C", folder, *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout


def make_pins(root: Path, forge: str, *options: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "tools.pins",
        "--root",
        root,
        "--forge",
        forge,
        *options,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_newest_version_that_is_a_week_old_is_pinned(root: Path, forge: Path) -> None:
    done = make_pins(root, f"file://{forge}")
    assert done.returncode == 0, done.stderr
    commit = git("rev-parse", "v1.10.0^{commit}", folder=forge / "acme" / "action").strip()
    assert (root / WORKFLOW).read_text() == (
        f"      - uses: acme/action/sub@{commit} # v1.10.0\n"
        f"      - uses: acme/action@{commit} # v1.10.0\n"
    )
    pins = Pins.read(root)
    assert pins.refreshed == datetime.now(UTC).date()
    assert pins.actions["acme/action"].commit == commit
    assert pins.oldest()[0] == "acme/action"
    assert "60 days ago" in done.stdout


def test_nothing_changes_if_a_repository_is_away(root: Path, forge: Path) -> None:
    path = root / WORKFLOW
    path.write_text(path.read_text() + "      - uses: acme/another@v1\n")
    before = path.read_text()
    done = make_pins(root, f"file://{forge}")
    assert done.returncode == 1
    assert re.fullmatch(r"Nothing was changed: git ls-remote .*acme/another.*\n", done.stderr)
    assert (path.read_text(), (root / RECORD).read_text()) == (before, EMPTY)


def test_nothing_changes_if_docker_cannot_pull(root: Path, forge: Path) -> None:
    record = EMPTY + '"127.0.0.1:1/none:1" = { digest = "sha256:0", date = 2026-01-01 }\n'
    (root / RECORD).write_text(record)
    done = make_pins(root, f"file://{forge}")
    assert done.returncode == 1
    assert re.fullmatch(r"Nothing was changed: (docker pull .*|install docker.*)\n", done.stderr)
    assert (root / RECORD).read_text() == record
    assert make_pins(root, f"file://{forge}", "--keep-images").returncode == 0
