"""Process supervision and shared environment for `dev`."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer

from .guard import Guard
from .signals import ignoring_ctrl_c

PACKAGE = Path(__file__).parents[2]
ENV_FILE = Path(".env")
GRACE_SECONDS = 10
POLL_MILLISECONDS = 300


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a lock, so that `dev` runs only once in a folder.

    Args:
        folder: Folder of the lock; created if it does not exist.

    Raises:
        BlockingIOError: If another process holds the lock.
    """
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Left behind by a killed process.
        (folder / "env").unlink(missing_ok=True)
        yield


@contextmanager
def shared(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Share variables with child processes, and with commands that run in this project.

    Args:
        folder: Folder of the file `env`, which the settings read.
        variables: Names and values.
    """
    file = folder / "env"
    file.write_text("".join(f"{name}='{value}'\n" for name, value in variables.items()))
    os.environ.update(variables)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def terminated_like_ctrl_c() -> Iterator[None]:
    """Handle SIGTERM and a closed terminal like Ctrl-C: shut down cleanly, with status 0."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def set_defaults(variables: Mapping[str, str]) -> None:
    """Set environment variables that are not set.

    Args:
        variables: Names and values.
    """
    for name, value in variables.items():
        os.environ.setdefault(name, value)


def commit() -> str:
    """Id of the checked-out commit; empty outside a repository."""
    git = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(git, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def run(*arguments: str) -> None:
    """Run one of the service's commands, and wait for it.

    Args:
        arguments: The command and its arguments.

    Raises:
        Exit: With the command's status, if it fails.
    """
    status = subprocess.run(_command(*arguments), check=False).returncode
    if status:
        raise typer.Exit(status)


def supervise(processes: Sequence[str], guard: Guard, *, reload: bool) -> None:
    """Run processes until this one is interrupted.

    Args:
        processes: Commands of the service.
        guard: Ends them if this process is killed.
        reload: Whether to restart them when a source file changes. Otherwise, if one ends, all are
            stopped.

    Raises:
        Exit: With the status of a process that has ended.
    """
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        running = _start(processes, guard)
        for changed in _changes() if reload else _ticks():
            if changed:
                typer.echo(f"{changed} changed: restarting.")
                _stop(running, guard)
                running = _start(processes, guard)
            for name, process in list(running.items()):
                if (status := process.poll()) is None:
                    continue
                if not reload:
                    raise typer.Exit(status or 1)
                guard.forget(process.pid)
                del running[name]
                typer.echo(f"{name} ended with status {status}; waiting for a change.", err=True)
    finally:
        _stop(running, guard)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", PACKAGE.name, *arguments]


def _start(processes: Sequence[str], guard: Guard) -> dict[str, subprocess.Popen[bytes]]:
    with ignoring_ctrl_c():
        running = {name: subprocess.Popen(_command(name)) for name in processes}
    for process in running.values():
        guard.watch(process.pid)
    return running


def _stop(running: Mapping[str, subprocess.Popen[bytes]], guard: Guard) -> None:
    for process in running.values():
        process.terminate()
    for process in running.values():
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        guard.forget(process.pid)


def _changes() -> Iterator[str]:
    """Wait for changes, and yield what has changed; an empty string if nothing has."""
    from watchfiles import PythonFilter, watch

    variables = _modified(ENV_FILE)
    batches = watch(
        PACKAGE,
        watch_filter=PythonFilter(),
        rust_timeout=POLL_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=True,
    )
    for changes in batches:
        before, variables = variables, _modified(ENV_FILE)
        yield "A source file" if changes else str(ENV_FILE) if variables != before else ""


def _ticks() -> Iterator[str]:
    while True:
        time.sleep(POLL_MILLISECONDS / 1000)
        yield ""


def _modified(file: Path) -> int:
    """When a file was changed, in nanoseconds; 0 if it does not exist."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
