"""Clients that a service generates: they compile with strict types, and talk to the service."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import run_to_end
from tests.rendering import answer_sets, render
from tests.test_generated import BIN, clean_environment, pythons, scratch
from tools.ports import free_port
from tools.try_service import EMAIL, PASSWORD, create_user, dev, wait_until_ready

__all__ = ["scratch"]
CONSUMER = Path(__file__).with_name("consumer")
# How npm, Node.js and uv reach their registries.
KEPT = ("npm_", "NPM_", "NODE_", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


@pytest.fixture
def environment(scratch: Path) -> dict[str, str]:
    if shutil.which("npm") is None:
        pytest.fail("These tests need npm: install Node.js 20 or newer.", pytrace=False)
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    newest = list(pythons().values())[-1]
    return {**clean_environment(), **kept, "UV_PYTHON": newest, "TMPDIR": str(scratch)}


def run(folder: Path, environment: dict[str, str], *command: str | Path) -> str:
    """Run a command, which must succeed, and return its output."""
    done = run_to_end(list(command), folder, environment)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.mark.clients
@pytest.mark.timeout(600)
def test_clients_compile_and_talk_to_the_service(
    template: Path, scratch: Path, environment: dict[str, str]
) -> None:
    project = render(template, scratch / "project", answer_sets()["complete"])
    run(project, environment, BIN / "uv", "sync", "--quiet")
    run(project, environment, "make", "clients")
    clients = project / "build" / "clients"
    consumer = clients / "consumer"
    shutil.copytree(CONSUMER, consumer)
    install = ("npm", "install", "--no-audit", "--no-fund")
    # This compiles the client, too.
    run(clients / "typescript", environment, *install)
    run(consumer, environment, *install)
    run(consumer, environment, "npx", "tsc")
    typed = {**environment, "MYPYPATH": str(clients / "python")}
    run(consumer, typed, BIN / "mypy", "--strict", "use.py")
    with dev(project, {**environment, "PORT": str(free_port())}) as service:
        wait_until_ready(service)
        create_user(project, service)
        words = (service["url"], EMAIL, PASSWORD)
        run(consumer, environment, "node", "dist/use.js", *words)
        python = {**environment, "PYTHONPATH": str(clients / "python")}
        run(consumer, python, sys.executable, "use.py", *words)


@pytest.mark.clients
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["minimal", "odd_names"])
def test_clients_of_other_services_compile(
    name: str, template: Path, scratch: Path, environment: dict[str, str]
) -> None:
    project = render(template, scratch / "project", answer_sets()[name])
    run(project, environment, BIN / "uv", "sync", "--quiet")
    run(project, environment, "make", "clients")
    clients = project / "build" / "clients"
    run(clients / "typescript", environment, "npm", "install", "--no-audit", "--no-fund")
    run(clients / "python", environment, BIN / "mypy", "--strict", ".")
    run(clients / "python", environment, BIN / "uv", "pip", "compile", "-q", "pyproject.toml")


@pytest.mark.clients
def test_a_second_run_writes_the_same_clients(
    template: Path, scratch: Path, environment: dict[str, str]
) -> None:
    project = render(template, scratch / "project", answer_sets()["minimal"])
    run(project, environment, BIN / "uv", "sync", "--quiet")
    written = []
    for _ in range(2):
        run(project, environment, "make", "clients")
        folder = project / "build" / "clients"
        paths = [path for path in sorted(folder.rglob("*")) if ".ruff_cache" not in path.parts]
        written.append({path: path.read_bytes() for path in paths if path.is_file()})
    assert written[0] == written[1]


def test_without_node_the_script_says_what_to_install(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", answer_sets()["minimal"])
    command = [sys.executable, "scripts/clients.py", "typescript"]

    def said() -> str:
        done = subprocess.run(
            command,
            cwd=project,
            env={"PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr

    assert said().startswith("build/clients/openapi.json is missing: run `make clients`")
    (project / "build" / "clients").mkdir(parents=True)
    (project / "build" / "clients" / "openapi.json").write_text("{}")
    assert said() == "npx is missing: install Node.js 20 or newer, which contains it.\n"
