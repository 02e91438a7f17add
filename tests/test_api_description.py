"""Services answer what their OpenAPI document says, and never with a failure of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.rendering import answer_sets, render
from tests.test_generated import BIN, clean_environment, pythons, scratch

__all__ = ["scratch"]
NAMES = ["minimal", "sqlite", "complete"]
READY_SECONDS = 120
# Litestar's answers to OPTIONS name the methods of one handler, and not those of the path.
EXCLUDED = "allow_header_conformance"

pytestmark = [pytest.mark.generated, pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_as_described(name: str, template: Path, scratch: Path) -> None:
    project = render(template, scratch / "project", answer_sets()[name])
    newest = list(pythons().values())[-1]
    environment = {**clean_environment(), "UV_PYTHON": newest, "TMPDIR": str(scratch)}
    subprocess.run([BIN / "uv", "sync", "--quiet"], cwd=project, env=environment, check=True)
    with serving(project, environment) as address:
        done = subprocess.run(
            [
                *(BIN / "schemathesis", "run", f"{address}/schema/openapi.json"),
                *("--checks", "all", "--exclude-checks", EXCLUDED),
                *("--max-examples", "20", "--no-color", "--generation-deterministic"),
            ],
            cwd=scratch,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert done.returncode == 0, f"answer set {name}:\n{done.stdout[-8000:]}"


@contextmanager
def serving(project: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a project's `dev` for as long as the context lasts, and return its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    package = next((project / "src").iterdir()).name
    with (project.parent / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [project / ".venv" / "bin" / "python", "-m", package, "dev", "--no-reload"],
            cwd=project,
            env={**environment, "PORT": str(port)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{address} does not answer (status {process.poll()})")
