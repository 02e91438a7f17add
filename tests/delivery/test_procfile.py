"""The Procfiles of a generated service, run by honcho."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.delivery.projects import Project, change_title, generated, shown_title
from tests.deployments import backing_service
from tests.test_generated import BIN, clean_environment
from tools.ports import free_port
from tools.try_service import call, is_ready

START_SECONDS = 60
STOP_SECONDS = 20

pytestmark = [pytest.mark.delivery, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def project(template: Path) -> Iterator[Project]:
    with generated(template, "standard", procfile=True) as project:
        command = [str(BIN / "uv"), "sync", "--quiet", "--python", sys.executable]
        subprocess.run(command, cwd=project.folder, env=clean_environment(), check=True)
        yield project


@pytest.fixture(scope="module")
def environment(project: Project) -> Iterator[dict[str, str]]:
    """Variables that a platform sets for the processes, with real backing services."""
    source, folder = project.source.name, project.folder.parent / "servers"
    folder.mkdir()
    # As root, PostgreSQL runs as another user, who needs access to this folder.
    project.folder.parent.chmod(0o755)
    machine = clean_environment()
    with (
        backing_service(project.folder, source, "postgresql", folder / "postgresql") as database,
        backing_service(project.folder, source, "valkey", folder / "valkey") as redis,
    ):
        yield {
            **machine,
            "DATABASE_URL": database,
            "REDIS_URL": redis,
            "PATH": f"{project.folder / '.venv' / 'bin'}:{machine['PATH']}",
            "UV_PYTHON": sys.executable,
            "PORT": str(free_port()),
        }


@contextmanager
def honcho(
    *words: str, project: Project, environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run honcho for the duration of the context, and collect its output."""
    process = subprocess.Popen(
        [BIN / "honcho", "--no-colour", *words],
        cwd=project.folder,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    reader = threading.Thread(target=lines.extend, args=(process.stdout,))
    reader.start()
    try:
        yield process, lines
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join()
        process.stdout.close()


def test_a_release_and_its_processes(project: Project, environment: dict[str, str]) -> None:
    environment = {**environment, "ENVIRONMENT": "production"}
    options = {"project": project, "environment": environment}
    with honcho("start", "release", **options) as (process, lines):  # type: ignore[arg-type]
        assert process.wait(START_SECONDS) == 0, lines
    with honcho("start", "web", "worker", **options) as (process, lines):  # type: ignore[arg-type]
        service = {"url": f"http://127.0.0.1:{environment['PORT']}"}
        wait_until_ready(service, process, lines)
        made = call(service, "POST", "/notes", {"title": "First", "body": "hello hello world"})
        assert call(service, "GET", f"/notes/{made['id']}")["title"] == "First"
        command = [project.name, "run", "report_words", "--enqueue", "--wait"]
        done = subprocess.run(
            command, cwd=project.folder, env=environment, capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout)["total"] >= 3
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
        ended = re.findall(r"(web|worker)\.1 stopped \(rc=(-?\d+)\)", "".join(lines))
        assert sorted(ended) == [("web", "0"), ("worker", "0")]


def test_development_restarts_after_a_change(project: Project, environment: dict[str, str]) -> None:
    words = ("--procfile", "Procfile.dev", "start")
    with honcho(*words, project=project, environment=environment) as (process, lines):
        service = {"url": f"http://127.0.0.1:{environment['PORT']}"}
        wait_until_ready(service, process, lines)
        change_title(project, "Changed")
        deadline = time.monotonic() + START_SECONDS
        while shown_title(service) != "Changed":
            assert time.monotonic() < deadline, lines
            time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)


def wait_until_ready(
    service: dict[str, str], process: subprocess.Popen[str], lines: list[str]
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(service):
        assert process.poll() is None, lines
        assert time.monotonic() < deadline, lines
        time.sleep(0.3)
