"""A project under examination: its commands and processes."""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tools.ports import free_port

from ..processes import environment
from .backing import Backing
from .description import Description

COMMAND_SECONDS = 300
START_SECONDS = 40
# Of this machine's package installers and their network.
_INSTALLERS = ("UV_", "PIP_", "SSL_CERT_", "REQUESTS_CA_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
STOP_SECONDS = 40


def installer_variables() -> dict[str, str]:
    """Variables of this machine that package installers need."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith(_INSTALLERS) and name != "UV_PYTHON"
    }


def run_to_end(
    arguments: list[str], folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command until it ends, without input.

    Args:
        arguments: The command.
        folder: Where it runs.
        variables: All of its environment variables.

    Raises:
        subprocess.TimeoutExpired: If it takes longer than `COMMAND_SECONDS`.
        FileNotFoundError: If there is no such command or folder.
    """
    return subprocess.run(
        arguments,
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=COMMAND_SECONDS,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended.

    Attributes:
        status: Its status, negative for a signal, as of `subprocess`.
        seconds: Time that it took to end.
        remaining: Number of processes of its group that were left.
    """

    status: int
    seconds: float
    remaining: int


@dataclass(slots=True)
class Process:
    """A started process.

    Attributes:
        popen: The process.
        port: The port that it was told to listen on.
        stdout: File with its standard output.
        stderr: File with its standard error.
    """

    popen: subprocess.Popen[bytes]
    port: int
    stdout: Path
    stderr: Path

    def client(self, **options: Any) -> httpx.Client:
        """A client of its port.

        Args:
            options: Options of the client.
        """
        base = f"http://127.0.0.1:{self.port}"
        return httpx.Client(base_url=base, timeout=15, trust_env=False, **options)

    def answers(self, path: str, seconds: float = START_SECONDS) -> bool:
        """Wait until it answers a request with 200, or ends.

        Args:
            path: Path of the request.
            seconds: Time limit.
        """
        deadline = time.monotonic() + seconds
        with self.client() as client:
            while time.monotonic() < deadline and self.popen.poll() is None:
                try:
                    if client.get(path).status_code == 200:
                        return True
                except httpx.HTTPError:
                    pass
                time.sleep(0.05)
        return False

    def end(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Send a signal, and wait until it has ended; kill what is left.

        Args:
            number: The signal.
        """
        started = time.monotonic()
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.wait(started)

    def wait(self, started: float | None = None) -> Ended:
        """Wait until it has ended by itself; kill what is left.

        Args:
            started: When the waiting began.
        """
        started = time.monotonic() if started is None else started
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(STOP_SECONDS)
        seconds = time.monotonic() - started
        remaining = _members(self.popen.pid)
        if remaining:
            os.killpg(self.popen.pid, signal.SIGKILL)
        return Ended(self.popen.wait(), seconds, remaining)

    def output(self) -> str:
        """Everything that it has written."""
        return self.stdout.read_text(errors="replace") + self.stderr.read_text(errors="replace")


@dataclass(slots=True)
class Subject:
    """A generated and installed project.

    Attributes:
        description: Its description.
        folder: Its repository.
        scratch: A folder for files of the examination.
        backing: Running backing services.
        variables: Further environment variables of its commands.
        cache: Results that several checks use.
    """

    description: Description
    folder: Path
    scratch: Path
    backing: Backing
    variables: Mapping[str, str] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """Folder in which its commands run."""
        return self.folder / self.description.home

    def values(self) -> dict[str, str]:
        """Values of the placeholders: a free port and an empty database."""
        return {
            **self.backing.addresses("subject"),
            "port": str(free_port()),
            "scratch": str(self.scratch),
            "path": os.environ["PATH"],
        }

    def migrated(self) -> dict[str, str]:
        """Values of the placeholders, with a migrated database."""
        values = self.values()
        if migrate := self.description.commands.get("migrate"):
            self.run(migrate, values)
        return values

    def seed(self, values: Mapping[str, str]) -> dict[str, str]:
        """Add 20 rows to a migrated database.

        Args:
            values: Values of the placeholders.

        Returns:
            Headers of requests for rows.

        Raises:
            RuntimeError: When its program fails.
        """
        if not self.description.seed:
            return {}
        program = self.scratch / "seed.py"
        program.write_text(self.description.seed, encoding="utf-8")
        done = self.run(f"{self.description.python} {program}", values)
        if done.returncode:
            raise RuntimeError(f"no rows: {done.stderr.strip().splitlines()[-1:]}")
        token = (done.stdout.strip().splitlines() or [""])[-1]
        return {"Authorization": token} if token.startswith(("Bearer ", "Token ")) else {}

    def environment(self, values: Mapping[str, str], **changed: str) -> dict[str, str]:
        """Environment of its processes.

        Args:
            values: Values of the placeholders.
            changed: Other values of variables; an empty one removes a variable.
        """
        named = {
            name: value.format_map(values) for name, value in self.description.environment.items()
        }
        wanted = {**self.variables, **named, **changed}
        return environment(**{name: value for name, value in wanted.items() if value})

    def run(
        self, command: str, values: Mapping[str, str], **changed: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command until it ends.

        Args:
            command: Command line.
            values: Values of the placeholders.
            changed: Changed environment variables.

        Returns:
            Its status and outputs; status 124 if it took too long.
        """
        arguments = shlex.split(command.format_map(values))
        try:
            variables = {**installer_variables(), **self.environment(values, **changed)}
            return run_to_end(arguments, self.home, variables)
        except subprocess.TimeoutExpired:
            reason = f"it took longer than {COMMAND_SECONDS} s"
            return subprocess.CompletedProcess(arguments, 124, "", reason)
        except FileNotFoundError as error:
            return subprocess.CompletedProcess(arguments, 127, "", f"{error.filename} is missing")

    @contextmanager
    def running(self, command: str, values: Mapping[str, str], **changed: str) -> Iterator[Process]:
        """Run a process until the context ends.

        Args:
            command: One of the description's commands.
            values: Values of the placeholders.
            changed: Changed environment variables.
        """
        number = self.cache["processes"] = self.cache.get("processes", 0) + 1
        out, err = (self.scratch / f"{number}.{name}" for name in ("stdout", "stderr"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            popen = subprocess.Popen(
                shlex.split(self.description.commands[command].format_map(values)),
                cwd=self.home,
                env=self.environment(values, **changed),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        process = Process(popen, int(values["port"]), out, err)
        try:
            yield process
        finally:
            if _members(popen.pid):
                os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()


def _members(group: int) -> int:
    """Number of running processes of a group, without those that only wait for their parent."""
    found = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found += fields[2] == str(group) and fields[0] not in "ZX"
    return found
