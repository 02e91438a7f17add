"""The generated worker, compared with SAQ's own on the same broker."""

import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from .figures import Figure
from .processes import cpu_seconds, running
from .project import HERE, Project

JOBS = 3_000
# The first jobs are not counted: their time includes the start of the worker.
WARM_UP = 300
LIMIT_SECONDS = 120


def measure(project: Project, rounds: int) -> list[Figure]:
    """Measure the number of jobs that a worker runs per CPU second.

    Args:
        project: The service, attached.
        rounds: Number of measurements; each starts both workers, in alternating order.
    """

    def ours() -> float:
        return _measure(project, HERE / "generated/worker.py")

    def raw() -> float:
        return _measure(project, HERE / "bare/worker.py")

    pairs = []
    for index in range(rounds):
        if index % 2:
            other = raw()
            pairs.append((ours(), other))
        else:
            pairs.append((ours(), raw()))
    return [Figure.compare("jobs: empty jobs", "per CPU s", pairs, bound=0.9, sense="at least")]


def _measure(project: Project, script: Path) -> float:
    queue = uuid.uuid4().hex
    variables = project.environment(JOB_QUEUE=queue)
    command = [project.python, script]
    subprocess.run([*command, str(JOBS)], env=variables, cwd=project.folder, check=True)
    waiting = _length_of(project.services["REDIS_URL"], f"saq:{queue}:queued")
    # SAQ's own worker takes ten seconds to shut down.
    with running(command, variables=variables, cwd=project.folder, kill=True) as pid:
        at_start = _until(waiting, JOBS - WARM_UP)
        before = cpu_seconds(pid)
        at_end = _until(waiting, WARM_UP)
        return (at_start - at_end) / (cpu_seconds(pid) - before)


def _until(waiting: Callable[[], int], count: int) -> int:
    """Wait until at most `count` jobs are queued, and return their number."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while (found := waiting()) > count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{found} jobs are still queued")
        time.sleep(0.01)
    return found


def _length_of(url: str, key: str) -> Callable[[], int]:
    """Return a function that asks the broker for the length of a list."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port), LIMIT_SECONDS)
    stream = connection.makefile("rwb")

    def length() -> int:
        stream.write(f"LLEN {key}\r\n".encode())
        stream.flush()
        return int(stream.readline().removeprefix(b":"))

    return length
