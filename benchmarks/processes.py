"""Measured processes, and their CPU time and memory according to /proc."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_KEPT = ("HOME", "LANG", "PATH", "TMPDIR")

START_SECONDS = 30
STOP_SECONDS = 15


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    cpu_seconds: float
    reaped_cpu_seconds: float


def environment(**variables: str) -> dict[str, str]:
    """Environment of a measured process, without most variables of this shell.

    Args:
        variables: Additional variables.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **variables}


def cpu_seconds(pid: int) -> float:
    """CPU time that a process and all its descendants have used, in s.

    Args:
        pid: The process.
    """
    stats = _stats()
    tree = _tree(pid, stats)
    # The time of ended children is part of their parent's, after the parent has waited for them.
    return sum(stats[each].cpu_seconds + stats[each].reaped_cpu_seconds for each in tree)


def pss_megabytes(pid: int) -> float:
    """Memory of a process and all its descendants in MB; shared pages are counted once.

    Args:
        pid: The process.
    """
    total = 0
    for each in _tree(pid, _stats()):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def run_cpu_seconds(
    command: Sequence[str | Path], *, variables: Mapping[str, str], cwd: Path
) -> float:
    """Run a command until it ends.

    Args:
        command: The command.
        variables: Its environment.
        cwd: Where it runs.

    Returns:
        CPU time that it and its children used, in s.

    Raises:
        CalledProcessError: When it fails.
    """
    before = os.times()
    done = subprocess.run(
        command, env=dict(variables), cwd=cwd, capture_output=True, text=True, check=False
    )
    after = os.times()
    if done.returncode:
        print(done.stdout, done.stderr)
        done.check_returncode()
    return sum(after[2:4]) - sum(before[2:4])


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    variables: Mapping[str, str],
    cwd: Path,
    kill: bool = False,
) -> Iterator[int]:
    """Run a command for the duration of the context; its output is discarded.

    Args:
        command: The command.
        variables: Its environment.
        cwd: Where it runs.
        kill: Whether it is killed instead of terminated.

    Returns:
        Its process id.

    Raises:
        RuntimeError: When it ended before the context did.
    """
    process = subprocess.Popen(
        command,
        env=dict(variables),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended with status {process.returncode}")
    finally:
        if not kill:
            process.terminate()
        try:
            process.wait(0 if kill else STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_ready(port: int, path: str) -> None:
    """Wait until a server on this machine responds with 200.

    Args:
        port: Its port.
        path: Path of the request.

    Raises:
        TimeoutError: When it does not within half a minute.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), START_SECONDS) as connection:
                connection.sendall(request)
                if connection.recv(1024).startswith(b"HTTP/1.1 200 "):
                    return
        except OSError:
            pass
        time.sleep(0.005)
    raise TimeoutError(f"no response to {path} on port {port}")


def _stats() -> dict[int, _Stat]:
    stats = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The second field is the command's name in parentheses, which may contain anything.
        fields = text.rpartition(")")[2].split()
        used, reaped = (
            (int(fields[first]) + int(fields[first + 1])) / _TICKS for first in (11, 13)
        )
        stats[int(folder.name)] = _Stat(int(fields[1]), used, reaped)
    return stats


def _tree(pid: int, stats: Mapping[int, _Stat]) -> list[int]:
    tree = [pid]
    for each in tree:
        tree += [child for child, stat in stats.items() if stat.parent == each]
    return tree
