"""Measured servers of HTTP, in pairs."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.rendering import ROOT
from tools.ports import free_port

from .processes import cpu_seconds, pss_megabytes, running, wait_until_ready
from .project import HERE, Project

WARM_UP = 1_000
# Measurements of each server per round, in turn, so that other load on the machine affects both.
TURNS = 5


@dataclass(frozen=True, slots=True)
class Server:
    """A server that has answered its first request.

    Attributes:
        pid: Its main process.
        port: Its port.
        path: Path of the measured requests.
        start: CPU time until its first response, in s.
    """

    pid: int
    port: int
    path: str
    start: float

    def rate(self, count: int) -> float:
        """Requests per second of its CPU time.

        Args:
            count: Number of requests.
        """
        before = cpu_seconds(self.pid)
        self.load(count)
        return count / (cpu_seconds(self.pid) - before)

    def load(self, count: int) -> None:
        """Send requests, and return after the last response.

        Args:
            count: Number of requests.
        """
        command = [sys.executable, "-m", "benchmarks.load", str(self.port), self.path, str(count)]
        subprocess.run(command, cwd=ROOT, check=True)


# Starts a server for the duration of a context.
Start = Callable[[], AbstractContextManager[Server]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Our values and the other server's, for each round."""

    starts: list[tuple[float, float]] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)
    memories: list[tuple[float, float]] = field(default_factory=list)


def compare(ours: Start, other: Start, rounds: int, requests: int) -> Pairs:
    """Measure two servers in turn.

    Args:
        ours: Starts the generated service.
        other: Starts the other one.
        rounds: Number of measurements; each starts both servers, in alternating order.
        requests: Number of requests of a measurement.
    """
    pairs = Pairs()
    # The first start of each is not counted: it compiles modules and fills the disk cache.
    with ours(), other():
        pass
    for index in range(rounds):
        with _both(ours, other, other_first=index % 2 == 1) as (mine, theirs):
            pairs.starts.append((mine.start, theirs.start))
            mine.load(WARM_UP)
            theirs.load(WARM_UP)
            rates = ((mine.rate(requests), theirs.rate(requests)) for _ in range(TURNS))
            pairs.rates.extend(rates)
            pairs.memories.append((pss_megabytes(mine.pid), pss_megabytes(theirs.pid)))
    return pairs


@contextmanager
def _both(ours: Start, other: Start, *, other_first: bool) -> Iterator[tuple[Server, Server]]:
    if other_first:
        with other() as theirs, ours() as mine:
            yield mine, theirs
    else:
        with ours() as mine, other() as theirs:
            yield mine, theirs


def generated(project: Project, path: str, **variables: str) -> AbstractContextManager[Server]:
    """Start the web process of a generated service.

    Args:
        project: The service, attached.
        path: Path of the measured requests.
        variables: Further environment variables.
    """
    port = free_port()
    environment = project.environment(PORT=str(port), **variables)
    return serving([project.command, "web"], environment, project.folder, port, path)


def granian(
    project: Project, app: str, path: str, options: Sequence[str] = ()
) -> AbstractContextManager[Server]:
    """Start an application of `bare` on Granian, with the packages of a generated service.

    Args:
        project: The service.
        app: The application, as `module:name`.
        path: Path of the measured requests.
        options: Options of the server.
    """
    port = free_port()
    command: list[str | Path] = [
        *(project.folder / ".venv/bin/granian", "--interface", "asgi", "--no-ws"),
        *("--workers", "1", "--workers-kill-timeout", "25", "--port", str(port), *options, app),
    ]
    return serving(command, project.environment(), HERE / "bare", port, path)


@contextmanager
def serving(
    command: Sequence[str | Path], variables: Mapping[str, str], folder: Path, port: int, path: str
) -> Iterator[Server]:
    """Run a server until the context ends.

    Args:
        command: Its command.
        variables: Its environment.
        folder: Where it runs.
        port: The port that it listens on.
        path: Path of the measured requests.
    """
    with running(command, variables=variables, cwd=folder) as pid:
        wait_until_ready(port, path)
        yield Server(pid, port, path, cpu_seconds(pid))
