"""Whichever process is killed, each service has one pull request, and a second run does nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from updating.shared import Shared

from .command import Command, command_environment, interruptible
from .remotes import RELEASES, make_remotes
from .standin import Standin

pytestmark = pytest.mark.slow

COUNT = 12
PULL = r"^POST /github/api/v3/repos/acme/[^/]+/pulls$"


@pytest.fixture
def forge(common: Shared, published: Path, tmp_path: Path) -> Iterator[Standin]:
    """A forge with services, which allows a second pull request for a branch."""
    with Standin(tmp_path / "forge", duplicates=True) as standin:
        for remote in make_remotes(common, published, RELEASES, tmp_path / "remotes", COUNT):
            standin.add(f"acme/{remote.stem}", remote)
        (tmp_path / "fleet.toml").write_text(
            f"template = {str(published)!r}\n[[forge]]\nkind = 'github'\npace = 0\n"
            f"url = '{standin.url('github')}'\ntoken = 'env:FLEET_TOKEN'\n"
            "find = [{ org = 'acme' }]\n"
        )
        yield standin


class Running:
    """A running `fleet run`."""

    def __init__(self, folder: Path, forge: Standin) -> None:
        self.log = folder / "run.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "twelvestar", "fleet", "run", "--workers", "2"],
                cwd=folder,
                env={**command_environment(folder), "FLEET_TOKEN": forge.token},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=interruptible,
            )

    def children(self, name: str) -> list[int]:
        """Its child processes, by a part of their command lines."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                status = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if int(status[1]) == self.process.pid and name in command:
                    found.append(int(entry.name))
        return found

    def wait(self) -> int:
        return self.process.wait(240)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def pushed(forge: Standin) -> int:
    return sum("push" in writes for writes in forge.writes().values())


def opened(forge: Standin) -> int:
    return sum(len(forge.pulls(f"acme/service-{at:03}")) for at in range(COUNT))


def kill_a_worker(run: Running, forge: Standin) -> None:
    """After a push, before the pull request is opened."""
    forge.fault(PULL, delay=1)
    until(lambda: pushed(forge) >= 1 and run.children("twelvestar.fleet.process"))
    os.kill(run.children("twelvestar.fleet.process")[0], signal.SIGKILL)


def kill_all_workers(run: Running, forge: Standin) -> None:
    until(lambda: pushed(forge) >= 3)
    for pid in run.children("twelvestar.fleet.process"):
        os.kill(pid, signal.SIGKILL)


def kill_the_broker(run: Running, forge: Standin) -> None:
    """The broker has no persistence."""
    until(lambda: opened(forge) >= 2)
    os.kill(run.children("valkey")[0], signal.SIGKILL)


def kill_the_coordinator(run: Running, forge: Standin) -> None:
    until(lambda: opened(forge) >= 4)
    run.kill()


def kill_it_before_it_has_noted_a_pull_request(run: Running, forge: Standin) -> None:
    """The forge has opened one, but the response has not arrived."""
    forge.fault(PULL, held=60)
    before = opened(forge)
    until(lambda: opened(forge) > before)
    run.kill()


def interrupt_it(run: Running, forge: Standin) -> None:
    until(lambda: pushed(forge) >= 5 and run.children("twelvestar.fleet.process"))
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130


def test_killed_processes_do_not_duplicate_pull_requests(
    forge: Standin, fleet: Command, tmp_path: Path
) -> None:
    """One fleet, with one kill after the other."""
    started = time.monotonic()
    ends = (kill_the_coordinator, kill_it_before_it_has_noted_a_pull_request, interrupt_it)
    run = Running(tmp_path, forge)
    for strike in (
        kill_a_worker,
        kill_all_workers,
        kill_the_broker,
        kill_it_before_it_has_noted_a_pull_request,
        interrupt_it,
        kill_the_coordinator,
    ):
        strike(run, forge)
        if strike in ends:
            forge.clear_faults()
            run = Running(tmp_path, forge)
    # Some updates have conflicts.
    assert run.wait() in (0, 2), run.log.read_text()
    print(f"the drill took {time.monotonic() - started:.0f} s")

    for at in range(COUNT):
        pulls = forge.pulls(f"acme/service-{at:03}")
        assert [pull.state for pull in pulls] == ["open"], at
    fleet("report", "--json", "report.json")
    rows = json.loads((tmp_path / "report.json").read_text())["rows"]
    assert {row["state"] for row in rows} == {"proposed"}
    assert len(rows) == COUNT

    writes = forge.writes()
    again = fleet("run", FLEET_TOKEN=forge.token)
    assert again.returncode in (0, 2), again.stderr
    assert forge.writes() == writes
    until(lambda: not leftovers(tmp_path), 20)


def leftovers(folder: Path) -> list[str]:
    """Processes that use the state folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            place = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            if int(entry.name) != os.getpid() and str(folder / ".fleet").encode() in place:
                found.append((entry / "cmdline").read_bytes().decode())
    return found
