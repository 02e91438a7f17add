"""The web process, compared with bare Litestar applications on the same server."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.rendering import ROOT
from tools.ports import free_port

from .figures import Figure
from .processes import (
    cpu_seconds,
    pss_megabytes,
    running,
    wait_until_ready,
)
from .project import HERE, Project

PATH = "/health/live"
WARM_UP = 1_000
# Measurements of each server per round, in turn, so that other load on the machine affects both.
TURNS = 5
REQUESTS = 1_600
# The access log of the server; the generated service writes its own.
ACCESS_LOG = "--access-log"


@dataclass(frozen=True, slots=True)
class _Server:
    pid: int
    port: int
    start: float

    def rate(self) -> float:
        """Requests per second of its CPU time."""
        before = cpu_seconds(self.pid)
        _load(self.port, REQUESTS)
        return REQUESTS / (cpu_seconds(self.pid) - before)


@dataclass(frozen=True, slots=True)
class _Pairs:
    starts: list[tuple[float, float]] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)
    memories: list[tuple[float, float]] = field(default_factory=list)


def measure(project: Project, minimal: Project, rounds: int) -> list[Figure]:
    """Measure start, requests and memory.

    Args:
        project: The service, attached.
        minimal: The minimal service, which has no backing services.
        rounds: Number of measurements; each starts both servers, in alternating order.
    """
    return [
        *_figures(compare(project, "web:app", rounds), ""),
        *_figures(compare(project, "attached:app", rounds), ", both attached"),
        *_figures(compare(minimal, "web:app", rounds), ", the minimal service"),
        _requests(compare(project, "web:app", rounds, ACCESS_LOG), ", both with an access log"),
    ]


def _figures(pairs: _Pairs, which: str) -> list[Figure]:
    start, memory = (
        f"web: cold start until the first response{which}",
        f"web: memory after load{which}",
    )
    return [
        Figure.compare(start, "CPU s", pairs.starts, bound=1.3, sense="at most"),
        _requests(pairs, which),
        Figure.compare(memory, "MB PSS", pairs.memories, bound=1.4, sense="at most"),
    ]


def _requests(pairs: _Pairs, which: str) -> Figure:
    what = f"web: requests at {PATH}{which}"
    return Figure.compare(what, "per CPU s", pairs.rates, bound=0.8, sense="at least")


def compare(project: Project, other: str, rounds: int, *options: str) -> _Pairs:
    """Measure a service and another application in turn.

    Args:
        project: The service, attached.
        other: The other application, as `module:name` in `bare`.
        rounds: Number of measurements.
        options: Options for the server of the other one.
    """
    pairs = _Pairs()
    # The first start of each is not counted: it compiles modules and fills the disk cache.
    with _ours(project), _bare(project, other, options):
        pass
    for index in range(rounds):
        with _both(project, other, options, bare_first=index % 2 == 1) as (ours, bare):
            pairs.starts.append((ours.start, bare.start))
            _load(ours.port, WARM_UP)
            _load(bare.port, WARM_UP)
            pairs.rates.extend((ours.rate(), bare.rate()) for _ in range(TURNS))
            pairs.memories.append((pss_megabytes(ours.pid), pss_megabytes(bare.pid)))
    return pairs


@contextmanager
def _both(
    project: Project, other: str, options: Sequence[str], *, bare_first: bool
) -> Iterator[tuple[_Server, _Server]]:
    if bare_first:
        with _bare(project, other, options) as bare, _ours(project) as ours:
            yield ours, bare
    else:
        with _ours(project) as ours, _bare(project, other, options) as bare:
            yield ours, bare


def _ours(project: Project) -> AbstractContextManager[_Server]:
    port = free_port()
    variables = project.environment(PORT=str(port))
    return _serving([project.command, "web"], variables, project.folder, port)


def _bare(project: Project, app: str, options: Sequence[str]) -> AbstractContextManager[_Server]:
    port = free_port()
    command: list[str | Path] = [
        *(project.folder / ".venv/bin/granian", "--interface", "asgi", "--no-ws"),
        *("--workers", "1", "--workers-kill-timeout", "25", "--port", str(port), *options, app),
    ]
    return _serving(command, project.environment(), HERE / "bare", port)


@contextmanager
def _serving(
    command: Sequence[str | Path], variables: Mapping[str, str], folder: Path, port: int
) -> Iterator[_Server]:
    with running(command, variables=variables, cwd=folder) as pid:
        wait_until_ready(port, PATH)
        yield _Server(pid, port, cpu_seconds(pid))


def _load(port: int, count: int) -> None:
    command = [sys.executable, "-m", "benchmarks.load", str(port), PATH, str(count)]
    subprocess.run(command, cwd=ROOT, check=True)
