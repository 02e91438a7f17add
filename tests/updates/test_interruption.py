"""kill -9 at any moment: the project is unchanged or updated, and another run completes it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.rendering import ROOT
from updating.errors import UpdateError
from updating.git import Git
from updating.plan import FOLDER, PLAN
from updating.update import update

from .published import IDENTITY, Generate, commit_all, contents, git_in

pytestmark = pytest.mark.slow

MINIMAL = {"preset": "minimal"}
SECONDS = 60
# Number of tried moments in `make test`.
SAMPLED = 8
MOMENTS = [
    pytest.param(seed, marks=() if seed < SAMPLED else pytest.mark.thorough) for seed in range(20)
]


@pytest.fixture
def project(generate: Generate) -> Path:
    project = generate(MINIMAL)
    console = project / "src" / "orbit" / "chassis" / "console.py"
    console.write_text(f"{console.read_text()}# mine\n")
    commit_all(project)
    return project


def start(project: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "updating", str(project)],
        cwd=ROOT,
        env={**os.environ, **IDENTITY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # If the tests run in the background of a shell, their children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def writers(project: Path) -> list[int]:
    """Processes that write to the project, and their git processes."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
                place = (folder / "cwd").readlink()
            except OSError:
                continue
            is_git = place == project and command[0].endswith(b"git")
            if is_git or str(project / ".git").encode() in command:
                found.append(int(folder.name))
    return found


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while not path.exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def wait_for_plan(project: Path, process: subprocess.Popen[bytes]) -> None:
    wait_for(project / ".git" / PLAN, process)


def wait_for_writers(project: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while writers(project):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def state(project: Path) -> tuple[dict[str, bytes], str, str]:
    git = Git(project)
    return (
        contents(project),
        git.text("rev-parse", "HEAD^{tree}"),
        git.text("status", "--porcelain"),
    )


@pytest.fixture
def finished(project: Path, tmp_path: Path) -> tuple[dict[str, bytes], str, str]:
    twin = tmp_path / "twin"
    git_in(tmp_path).run("clone", "--quiet", str(project), str(twin))
    update(twin)
    return state(twin)


@pytest.mark.parametrize("seed", MOMENTS)
def test_a_killed_update(
    seed: int, project: Path, finished: tuple[dict[str, bytes], str, str]
) -> None:
    """Every second time, kill it while it writes, and every fourth time, kill the writer, too."""
    moment = random.Random(seed)
    before = state(project)
    process = start(project)
    if seed % 2:
        wait_for_plan(project, process)
        time.sleep(moment.uniform(0, 0.2))
    else:
        time.sleep(moment.uniform(0, 6))
    process.kill()
    process.wait()
    if seed % 4 == 1:
        for pid in writers(project):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    else:
        wait_for_writers(project)
        assert state(project) in (before, finished)
    wait_for_writers(project)
    update(project)
    assert state(project) == finished
    assert not (project / ".git" / PLAN).exists()


def half_written(project: Path) -> Path:
    """A project whose update by release 1.4.1 was killed after writing some files."""
    process = start(project)
    wait_for_plan(project, process)
    plan = json.loads((project / ".git" / PLAN).read_bytes())
    for name in ("branch", "format"):
        del plan[name]
    process.wait()
    git = git_in(project)
    new = git.text("rev-parse", "HEAD")
    git.run("reset", "--quiet", "--hard", "HEAD^")
    git.run("checkout", "--quiet", new, "--", "Makefile", "scripts/update.py")
    whole = (project / "scripts" / "update.py").read_bytes()
    (project / "scripts" / "update.py").write_bytes(whole[:100])
    (project / "tests" / "support" / "relay.py").unlink(missing_ok=True)
    (project / ".git" / "index.lock").touch()
    (project / ".git" / PLAN).write_text(json.dumps(plan))
    return project


def test_a_half_written_update_is_completed(
    project: Path, finished: tuple[dict[str, bytes], str, str]
) -> None:
    half_written(project)
    update(project)
    assert state(project) == finished


def test_a_file_changed_since_the_interruption_is_not_overwritten(project: Path) -> None:
    half_written(project)
    (project / "Makefile").write_text("mine, written after the interruption\n")
    with pytest.raises(UpdateError, match=r"now undone, except for files changed since \(Makefile"):
        update(project)
    assert (project / "Makefile").read_text() == "mine, written after the interruption\n"
    assert git_in(project).text("status", "--porcelain") == "M Makefile"


def test_an_interrupted_plan_is_dropped_after_other_commits(project: Path) -> None:
    half_written(project)
    (project / ".git" / "index.lock").unlink()
    git = git_in(project)
    git.run("reset", "--quiet", "--hard", "HEAD")
    git.run("clean", "--force", "--quiet", "-d")
    (project / "later.txt").write_text("a commit after the interruption\n")
    commit_all(project)
    update(project)
    assert (project / "later.txt").exists()
    assert git.text("log", "-1", "--format=%s", "HEAD^") == "Edit"
    assert not (project / ".git" / PLAN).exists()


def test_ctrl_c_ends_an_update_without_changes(project: Path) -> None:
    before = state(project)
    process = start(project)
    # Its lock is the first that it does, long before it writes.
    wait_for(project / ".git" / FOLDER / "project.lock", process)
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 130
    assert state(project) == before


def test_ctrl_c_does_not_interrupt_writing(
    project: Path, finished: tuple[dict[str, bytes], str, str]
) -> None:
    process = start(project)
    wait_for_plan(project, process)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    # It is ignored during writing, and ends the command afterwards.
    assert process.wait(SECONDS) in (0, 130, -signal.SIGINT)
    assert state(project) == finished
    assert not (project / ".git" / PLAN).exists()
