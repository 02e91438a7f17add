"""Processes of a generated service, started and stopped like on a platform."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.commands import run_to_end
from tools.ports import free_port
from tools.try_service import STOP_SECONDS, end

START_SECONDS = 60
COMMAND_SECONDS = 60
# Runs a backing service until its stdin ends.
SERVE = """
import sys
from pathlib import Path
from {package}.chassis.servers.{name} import {name}

with {name}(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


class Deployment:
    """A release of a service, with the settings of an environment.

    Args:
        project: The project, with its environment.
        name: Name of its command.
        environment: All environment variables of its processes.
    """

    def __init__(self, project: Path, name: str, environment: Mapping[str, str]) -> None:
        self.project = project
        self.environment = environment
        self._command = project / ".venv" / "bin" / name

    def run(self, *words: str) -> str:
        """Run a command that must succeed, and return its output.

        Args:
            words: The command, without the name of the service.
        """
        status, output = self.attempt(*words)
        assert not status, f"{' '.join(words)} ended with status {status}\n{output}"
        return output

    def attempt(self, *words: str, stdin: str = "") -> tuple[int, str]:
        """Run a command, and return its status and output.

        Args:
            words: The command, without the name of the service.
            stdin: Its input.
        """
        command: list[str | Path] = [self._command, *words]
        done = run_to_end(command, self.project, self.environment, COMMAND_SECONDS, stdin=stdin)
        return done.returncode, done.stdout

    @contextmanager
    def process(self, *words: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a process for the duration of the context.

        Args:
            words: Its command, without the name of the service.
            variables: Further environment variables.

        Yields:
            The process, which may end earlier.
        """
        process = subprocess.Popen(
            [self._command, *words],
            cwd=self.project,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end(process)

    @contextmanager
    def web(self) -> Iterator[httpx.Client]:
        """Serve HTTP for the duration of the context.

        Yields:
            A client that keeps no cookies.
        """
        port = str(free_port())
        with (
            self.process("web", PORT=port) as process,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
        ):

            def is_ready() -> bool:
                assert process.poll() is None, "the web process ended"
                try:
                    return client.get("/health/ready").is_success
                except httpx.TransportError:
                    return False

            wait_until(is_ready, "the web process is ready")
            yield client


def wait_until(condition: Callable[[], object], what: str, seconds: float = START_SECONDS) -> None:
    """Wait until something is true.

    Args:
        condition: Whether it is.
        what: The condition, in words.
        seconds: The longest wait.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


@contextmanager
def backing_service(project: Path, package: str, name: str, folder: Path) -> Iterator[str]:
    """Run PostgreSQL or Valkey from the packages that a project has for its development.

    Args:
        project: The project, with its environment.
        package: Name of its package.
        name: "postgresql" or "valkey".
        folder: A new folder for its data.

    Yields:
        Its URL.
    """
    # As root, PostgreSQL runs as another user, who needs access to this folder.
    folder.parent.chmod(0o755)
    python = project / ".venv" / "bin" / "python"
    server = subprocess.Popen(
        [python, "-c", SERVE.format(package=package, name=name), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout
    try:
        yield server.stdout.readline().strip()
    finally:
        server.communicate(timeout=STOP_SECONDS)
