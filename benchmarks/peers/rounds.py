"""Requests, memory and starts of all projects, measured in turn in each round."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.rendering import ROOT
from tools.ports import free_port

from ..processes import cpu_seconds, environment, pss_megabytes
from ..project import HERE
from ..scorecard.subject import Subject
from ..servers import serving
from .result import Measured

WARM_UP = 96
HEALTH_REQUESTS = 3_200
ROWS_REQUESTS = 640
LIMIT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Started:
    """A server that has answered its first request.

    Attributes:
        pid: Its main process.
        port: Its port.
        start: CPU time until its first answer, in s.
    """

    pid: int
    port: int
    start: float


@dataclass(frozen=True, slots=True)
class Contestant:
    """A project or an application that takes part in the rounds.

    Attributes:
        measured: Where its results go.
        start: Starts it for the duration of a context.
        health: Path of its health; empty if it has none.
        rows: Path of its 20 rows; empty if it has none.
        headers: Headers of requests for rows.
    """

    measured: Measured
    start: Callable[[], AbstractContextManager[Started]]
    health: str
    rows: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Failed(Exception):
    """A contestant could not be measured; the text says why."""


def generated(subject: Subject, values: Mapping[str, str]) -> AbstractContextManager[Started]:
    """Start the web process of a generated project.

    Args:
        subject: The project.
        values: Values of its placeholders.
    """

    @contextmanager
    def start() -> Iterator[Started]:
        fresh = {**values, "port": str(free_port())}
        with subject.running("start", fresh) as process:
            if not process.answers(subject.description.paths["live"]):
                raise Failed(f"it does not start: {process.output()[-200:]}")
            pid = process.popen.pid
            yield Started(pid, process.port, cpu_seconds(pid))
            process.end()

    return start()


def by_hand(
    command: Sequence[str | Path], variables: Mapping[str, str], path: str
) -> AbstractContextManager[Started]:
    """Start an application of `bare`.

    Args:
        command: Its command, without the port.
        variables: Its environment.
        path: Path of its first request.
    """

    @contextmanager
    def start() -> Iterator[Started]:
        port = free_port()
        whole = [*command, "--port", str(port)]
        with serving(whole, environment(**variables), HERE / "bare", port, path) as server:
            yield Started(server.pid, port, server.start)

    return start()


def measure(contestants: Sequence[Contestant], rounds: int, report: Callable[[str], None]) -> None:
    """Measure all contestants in each round, in an order that changes between rounds.

    A contestant that fails gets its reason instead of further results.

    Args:
        contestants: The contestants.
        rounds: Number of rounds.
        report: Called with a line for each measurement.
    """
    taking_part = list(contestants)
    for each in list(taking_part):
        # The first start is not counted: it compiles modules and fills the disk cache.
        _attempt(each, taking_part, _nothing, report)
    for number in range(rounds):
        turn = number % max(len(taking_part), 1)
        for each in taking_part[turn:] + taking_part[:turn]:
            report(f"round {number + 1} of {rounds}: {each.measured.name}")
            _attempt(each, taking_part, partial(_one, each), report)


def _attempt(
    contestant: Contestant,
    taking_part: list[Contestant],
    use: Callable[[Started], None],
    report: Callable[[str], None],
) -> None:
    try:
        with contestant.start() as started:
            use(started)
    except (Failed, OSError, RuntimeError, subprocess.SubprocessError) as error:
        reason = str(error).splitlines()[0][:200]
        report(f"{contestant.measured.name}: {reason}")
        contestant.measured.cannot["requests"] = reason
        taking_part.remove(contestant)


def _nothing(_: Started) -> None:
    pass


def _one(contestant: Contestant, started: Started) -> None:
    measured = contestant.measured
    measured.start.append(started.start)
    if contestant.health:
        measured.health.append(_rate(started, contestant.health, HEALTH_REQUESTS, {}))
    if contestant.rows:
        rate = _rate(started, contestant.rows, ROWS_REQUESTS, contestant.headers)
        measured.rows.append(rate)
    measured.memory.append(pss_megabytes(started.pid))


def _rate(started: Started, path: str, count: int, headers: Mapping[str, str]) -> float:
    _load(started, path, WARM_UP, headers)
    before = cpu_seconds(started.pid)
    _load(started, path, count, headers)
    return count / (cpu_seconds(started.pid) - before)


def _load(started: Started, path: str, count: int, headers: Mapping[str, str]) -> None:
    options = [
        option for name, value in headers.items() for option in ("--header", f"{name}: {value}")
    ]
    command = [sys.executable, "-m", "benchmarks.load", str(started.port), path, str(count)]
    try:
        subprocess.run(
            [*command, *options],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no output"]
        # The message begins with the head of the response.
        found = next((line for line in lines if line.startswith("unexpected")), lines[-1])
        raise Failed(f"{path}: {found}") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"{path}: {count} requests took longer than {LIMIT_SECONDS} s") from None
