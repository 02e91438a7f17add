"""Runs of a service that several claims are decided by."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TypeVar, cast

import httpx

from .subject import Ended, Process, Subject

# A valid id in the form that most programs accept.
REQUEST_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TOO_LARGE = 20_000_000
_CLIENTS = 8
_LOAD_SECONDS = 1.0
# How long a process has to refuse a setting.
_REFUSE_SECONDS = 20.0
_GENERATED = {".venv", ".git", "__pycache__", "node_modules", ".pytest_cache", ".mypy_cache"}

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Response:
    """A response, or the error instead of it.

    Attributes:
        status: Its status; 0 if there was none.
        headers: Its headers, by their names in lower case.
        text: Its body, or the error.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass(slots=True, kw_only=True)
class Observation:
    """A run from start to SIGTERM.

    Attributes:
        migrated: Status of the migration of an empty database.
        started: Whether it answered.
        seconds: Time until its first response.
        responses: Its responses, by the name of the request.
        changed: Files of its repository that it changed.
        ended: How it ended; None if it never started.
        stdout: Its standard output.
        stderr: Its standard error.
    """

    migrated: int = 0
    started: bool = False
    seconds: float = 0.0
    responses: dict[str, Response] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    ended: Ended | None = None
    stdout: str = ""
    stderr: str = ""


def once(subject: Subject, name: str, make: Callable[[], Result]) -> Result:
    """A result that is only made once for a project.

    Args:
        subject: The project.
        name: Name of the result.
        make: Makes it.
    """
    if name not in subject.cache:
        subject.cache[name] = make()
    return cast("Result", subject.cache[name])


def observe(subject: Subject) -> Observation:
    """Migrate an empty database, start the service, send requests, and stop it with SIGTERM.

    Args:
        subject: The project.
    """
    return once(subject, "observation", lambda: _observe(subject))


def _observe(subject: Subject) -> Observation:
    values, seen = subject.values(), Observation()
    headers: Mapping[str, str] = {}
    if migrate := subject.description.commands.get("migrate"):
        seen.migrated = subject.run(migrate, values).returncode
        headers = subject.seed(values)
    before, began = _files(subject.folder), time.monotonic()
    with subject.running("start", values) as process:
        seen.started = process.answers(subject.description.paths["live"])
        seen.seconds = time.monotonic() - began
        if seen.started:
            seen.responses = _requests(subject, process, headers)
        seen.ended = process.end()
        seen.stdout = process.stdout.read_text(errors="replace")
        seen.stderr = process.stderr.read_text(errors="replace")
    after = _files(subject.folder)
    seen.changed = sorted(path for path in before | after if before.get(path) != after.get(path))
    return seen


def _requests(
    subject: Subject, process: Process, headers: Mapping[str, str]
) -> dict[str, Response]:
    paths = subject.description.paths
    marked = {"X-Request-ID": REQUEST_ID}
    with process.client(headers=headers) as client:
        found = {name: send(client, "GET", path) for name, path in paths.items() if name != "write"}
        # Successful probes need not be logged.
        found["marked"] = send(client, "GET", paths.get("rows", paths["live"]), headers=marked)
        found.setdefault("unknown", send(client, "GET", "/no-such-page/x"))
        if path := paths.get("write"):
            head = {"Content-Type": "application/json"}
            found["malformed"] = send(client, "POST", path, content=b'{"a": ', headers=head)
            large = b'{"title": "' + b"x" * TOO_LARGE + b'"}'
            found["large"] = send(client, "POST", path, content=large, headers=head)
    return found


def send(client: httpx.Client, method: str, path: str, **options: object) -> Response:
    """Send a request.

    Args:
        client: The client.
        method: Its method.
        path: Its path.
        options: Further arguments of httpx.
    """
    try:
        response = client.request(method, path, **options)  # type: ignore[arg-type]
    except httpx.HTTPError as error:
        return Response(0, text=str(error) or type(error).__name__)
    return Response(response.status_code, dict(response.headers), response.text)


def _files(folder: Path) -> dict[str, int]:
    found = {}
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if not _GENERATED.intersection(relative.parts) and path.is_file():
            found[str(relative)] = path.stat().st_mtime_ns
    return found


def refused_start(subject: Subject, changed: Mapping[str, str]) -> tuple[Ended | None, str]:
    """Start a process with settings that it should refuse.

    Args:
        subject: The project.
        changed: The settings; an empty value removes a variable.

    Returns:
        How it ended, None if it started instead, and what it wrote.
    """
    values = subject.values()
    with subject.running("start", values, **changed) as process:
        if process.answers(subject.description.paths["live"], _REFUSE_SECONDS):
            return None, process.output()
        # Processes that neither start nor end count as started.
        ended = None if process.popen.poll() is None else process.wait()
        return ended, process.output()


@dataclass(slots=True)
class Outage:
    """What a service did without its database.

    Attributes:
        before: Its readiness before.
        live: Its liveness without the database.
        ready: Its readiness without the database.
        rows: A request for rows without the database.
        seconds: Time of that request.
        recovered: Whether it answered a request for rows again.
        output: What it wrote.
    """

    before: Response
    live: Response
    ready: Response
    rows: Response
    seconds: float
    recovered: bool
    output: str


def outage(subject: Subject) -> Outage | None:
    """Close the port of the database of a running service, and open it again.

    Args:
        subject: The project.

    Returns:
        What it did; None if it did not start.
    """
    return once(subject, "outage", lambda: _outage(subject))


def _outage(subject: Subject) -> Outage | None:
    values, paths = subject.migrated(), subject.description.paths
    headers = subject.seed(values)
    ready, rows = paths.get("ready", paths["live"]), paths.get("rows", paths["live"])
    with (
        subject.running("start", values) as process,
        process.client(headers=headers) as client,
    ):
        if not process.answers(paths["live"]):
            return None
        before = send(client, "GET", ready)
        subject.backing.database_gate.close()
        try:
            time.sleep(1)
            live = send(client, "GET", paths["live"])
            not_ready = send(client, "GET", ready)
            began = time.monotonic()
            without = send(client, "GET", rows)
            seconds = time.monotonic() - began
        finally:
            subject.backing.database_gate.open()
        recovered = process.answers(ready, 20)
        process.end()
        return Outage(before, live, not_ready, without, seconds, recovered, process.output())


@dataclass(slots=True)
class Load:
    """What happened to requests around a SIGTERM.

    Attributes:
        answered: Number of responses.
        lost: Number of requests that were sent and got no response.
        ended: How the service ended.
    """

    answered: int
    lost: int
    ended: Ended


def load(subject: Subject) -> Load | None:
    """Send SIGTERM to a service under load.

    Args:
        subject: The project.

    Returns:
        What happened; None if it did not start.
    """
    values, path = subject.migrated(), subject.description.paths["live"]
    counts, lock, stop = {"answered": 0, "lost": 0}, threading.Lock(), threading.Event()

    def client(process: Process) -> None:
        while not stop.is_set():
            connection = HTTPConnection("127.0.0.1", process.port, timeout=15)
            try:
                connection.connect()
            except OSError:
                return
            outcome = "answered"
            try:
                connection.request("GET", path, headers={"Connection": "close"})
                connection.getresponse().read()
            except (OSError, HTTPException):
                outcome = "lost"
            finally:
                connection.close()
            with lock:
                counts[outcome] += 1

    with subject.running("start", values) as process:
        if not process.answers(path):
            return None
        threads = [threading.Thread(target=client, args=(process,)) for _ in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(_LOAD_SECONDS)
        ended = process.end()
        stop.set()
        for thread in threads:
            thread.join()
    return Load(counts["answered"], counts["lost"], ended)
