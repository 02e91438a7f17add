"""`twelvestar fleet` over hundreds of repositories, with one worker and with two.

The repositories have no lock file, because the time of `uv lock` does not depend on this code.
"""

import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.fleet.remotes import EDITS, SETS, edit
from tests.rendering import ROOT
from tests.updates.published import answer_set, generate, git_in, publish, versions
from updating.shared import Shared

from .figures import Figure
from .processes import environment

FLEET = 500
WORKER = b"twelvestar.fleet.process"


@dataclass(frozen=True, slots=True)
class _Usage:
    """Time of a command in s, peak memory of its largest worker in MB, and rows of its report."""

    wall: float
    cpu: float
    memory: float
    rows: list[dict[str, Any]]


def measure(folder: Path, count: int = FLEET) -> list[Figure]:
    """Measure the commands of a fleet.

    Args:
        folder: An empty folder to work in.
        count: How many repositories there are.
    """
    template = publish(folder / "published")
    remotes = _remotes(template, folder / "remotes", count)
    repos = "".join(f"    {str(each)!r},\n" for each in remotes)
    inventory = f"template = {str(template)!r}\n[[forge]]\nkind = 'git'\nrepos = [\n{repos}]\n"
    (folder / "fleet.toml").write_text(inventory)
    one = _command(folder, "preview", "--workers", "1")
    shutil.rmtree(folder / ".fleet")
    two = _command(folder, "preview", "--workers", "2")
    pushed = _command(folder, "run", "--propose", "branch", "--workers", "2")
    again = _command(folder, "run", "--propose", "branch", "--workers", "2")
    for remote in remotes:
        newest = versions(template)[-1]
        git_in(remote).run("update-ref", "refs/heads/main", f"refs/heads/template-{newest}")
    current = _command(folder, "find")
    assert _states(one) == _states(two) <= {"clean", "conflicts"}
    assert _states(pushed) == _states(again) == {"pushed"}
    assert _states(current) == {"current"}

    name = f"fleet of {count} repositories"
    own = [row["cpu"] for row in two.rows]
    return [
        Figure(name=f"{name}: an update, the median", unit="CPU s", ours=median(own), bound=0.6),
        Figure(
            name=f"{name}: the engine, per repository",
            unit="CPU s",
            ours=(two.cpu - sum(own)) / count,
            bound=0.15,
        ),
        Figure(name=f"{name}: memory of a worker", unit="MB", ours=two.memory, bound=90),
        Figure.compare(
            f"{name}: preview with one worker, compared with two",
            "s",
            [(one.wall, two.wall)],
            bound=1.8,
            sense="at least",
        ),
        _each(f"{name}: preview, each", two, count),
        _each(f"{name}: run after a preview, each", pushed, count),
        _each(f"{name}: run with nothing to do, each", again, count),
        _each(f"{name}: find, all services current, each", current, count),
    ]


def _each(name: str, usage: _Usage, count: int) -> Figure:
    return Figure(name=name, unit="CPU s", ours=usage.cpu / count)


def _remotes(template: Path, folder: Path, count: int) -> list[Path]:
    """Services of the last three releases; as each has another name, no renderings are shared."""
    releases = versions(template)[-4:-1]
    remotes = []
    with Shared() as shared:
        for at in range(count):
            release = releases[(at + at // len(SETS)) % len(releases)]
            answers = answer_set(template, release, SETS[at % len(SETS)])
            work = folder / "work"
            generate(shared, template, release, {**answers, "project_name": f"Service {at}"}, work)
            edit(work, EDITS[at // len(SETS) % len(EDITS)], at)
            remote = folder / f"service-{at:03}.git"
            git_in(folder).run("clone", "--quiet", "--bare", "--no-local", str(work), str(remote))
            shutil.rmtree(work)
            remotes.append(remote)
    return remotes


def _command(folder: Path, *arguments: str) -> _Usage:
    variables = environment(PYTHONPATH=str(ROOT))
    command = [sys.executable, "-m", "twelvestar", "fleet", *arguments]
    log = folder / "log"
    with log.open("wb") as out:
        began, before = time.monotonic(), _children()
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=out, stderr=out)
        with _watched(process.pid) as memory:
            status = process.wait()
    elapsed, cpu = time.monotonic() - began, _children() - before
    assert status in (0, 2), log.read_text()[-2000:]
    report = [sys.executable, "-m", "twelvestar", "fleet", "report", "--json", "report.json"]
    subprocess.run(report, cwd=folder, env=variables, stdout=subprocess.DEVNULL, check=True)
    rows = json.loads((folder / "report.json").read_text())["rows"]
    return _Usage(elapsed, cpu, max(memory.values(), default=0.0), rows)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _watched(parent: int) -> Iterator[Mapping[int, float]]:
    """Watch the workers of a process; yields the peak memory of each in MB, by process id."""
    peaks: dict[int, float] = {}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            for entry in Path("/proc").iterdir():
                with suppress(OSError, ValueError, LookupError):
                    if WORKER in (entry / "cmdline").read_bytes():
                        peaks[int(entry.name)] = _resident(entry, parent)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        done.set()
        thread.join()


def _resident(entry: Path, parent: int) -> float:
    lines = dict(
        line.split(":", 1) for line in (entry / "status").read_text().splitlines() if ":" in line
    )
    if int(lines["PPid"]) != parent:
        raise LookupError
    return int(lines["VmHWM"].split()[0]) / 1024


def _states(usage: _Usage) -> set[str]:
    return {row["state"] for row in usage.rows}
