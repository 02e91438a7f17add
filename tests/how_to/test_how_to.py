"""The steps of `docs/how-to.md` and `AGENTS.md` of a project, followed literally."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from itertools import groupby
from pathlib import Path

import pytest
import yaml

from tests.bytecode import shared_bytecode
from tests.rendering import ANSWERS
from tests.suites import ALL_SECONDS
from tests.suites import run as run_in
from tests.test_generated import BIN, clean_environment, pythons
from tests.test_generated import scratch as scratch
from tests.updates.published import IDENTITY
from tools.ports import free_port

from .debugger import debugging
from .page import Step, fences, steps
from .walk import Walk

REMOVAL = "Remove the example"
# Commands of the page that are skipped, and the reasons.
LEFT_OUT = {
    "make test-factors": "the suites of generated services run these tests",
    "make test-all": "`make test-thorough` runs it without the example, below",
}
IN_THE_GATE = "standard"
THOROUGH = ("complete", "minimal", "worker_only")

pytestmark = [pytest.mark.generated, pytest.mark.timeout(2 * ALL_SECONDS)]
EACH = pytest.mark.parametrize(
    ("name", "thorough"),
    [
        (IN_THE_GATE, False),
        *(pytest.param(name, True, marks=pytest.mark.thorough) for name in THOROUGH),
    ],
)


@EACH
def test_every_step_of_the_page(
    name: str, thorough: bool, template: Path, scratch: Path, shared: Path
) -> None:
    walk = generated(name, template, scratch)
    page = (walk.project / "docs" / "how-to.md").read_text()
    sections = {
        heading: list(found)
        for heading, found in groupby(steps(page), key=lambda step: step.section)
    }
    assert sum(map(len, sections.values())) == fences(page)
    removal = sections.pop(REMOVAL)
    [shown] = (step for found in sections.values() for step in found if step.language == "json")
    first = walk.run("git rev-parse HEAD").strip()
    with shared_bytecode(walk.project / ".venv", shared):
        for found in sections.values():
            walk.follow([step for step in found if step is not shown], LEFT_OUT)
        unformatted = dict(walk.created)
        walk.run("make format")
        walk.run("make lint")
        for path, text in unformatted.items():
            assert (walk.project / path).read_text() == text, f"format {path} in the page"
        debug(walk, shown)
        if thorough:
            walk.run("uv run pytest tests/twelve_factor/test_03_config.py")

        walk.back_to(first)
        walk.follow(removal)
        if thorough:
            walk.run("make lint")
            walk.run_suite("make test-all")


def generated(name: str, template: Path, scratch: Path) -> Walk:
    """Generate a project with its environment.

    Args:
        name: Answer set.
        template: The template.
        scratch: A folder.
    """
    answers = ANSWERS / f"{name}.yml"
    given = yaml.safe_load(answers.read_text())
    (scratch / "tmp").mkdir()
    environment = {
        **clean_environment(),
        **IDENTITY,
        "TMPDIR": str(scratch / "tmp"),
        "UV_PYTHON": pythons()[given.get("lowest_python", "3.11")],
        "PORT": str(free_port()),
    }
    project = scratch / "project"
    copy = ["copy", "--trust", "--defaults", "--quiet", "--data-file", str(answers)]
    run_in([BIN / "copier", *copy, template, project], scratch, environment, name)
    run_in(["uv", "sync", "--frozen", "--quiet"], project, environment, name)
    return Walk(project, environment, scratch / "log")


def debug(walk: Walk, shown: Step) -> None:
    """Start each debugger configuration, and stop at a breakpoint in code that the page added.

    Args:
        walk: The project.
        shown: The block with the configurations.
    """
    project, environment = walk.project, walk.environment
    if (file := project / ".vscode" / "launch.json").exists():
        assert file.read_text() == shown.text
    by_name = {each["name"]: each for each in json.loads(shown.text)["configurations"]}
    [package] = (path.parent for path in project.glob("src/*/app.py"))
    route, job = package / "web" / "hello.py", package / "jobs" / "hello.py"
    stop = returning(route if route.exists() else job)
    with debugging(by_name.pop("Service"), project, environment, stop) as debugger:
        if route.exists():
            request(f"http://127.0.0.1:{environment['PORT']}/hello/Ada")
        else:
            # The file in which commands find the backing services of `dev`.
            walk.wait_for(lambda: (project / ".dev" / "env").exists(), "`dev` to start")
            walk.run(f"uv run {package.name} run send_hello name=Ada --enqueue")
        debugger.go_on_after_breakpoint(60)
    test = project / "tests" / "test_hello_command.py"
    stop = returning(package / "cli" / "hello.py", "typer.echo")
    tests = by_name.pop("Tests in the open file")
    with debugging(tests, project, environment, stop, opened=test) as debugger:
        debugger.go_on_after_breakpoint(60)
    assert not by_name


def request(url: str) -> None:
    """Send a request in a thread as soon as the port is open; it blocks at the breakpoint.

    Args:
        url: The URL.
    """

    def send() -> None:
        for _ in range(600):
            try:
                urllib.request.urlopen(url, timeout=60).close()
                return
            except OSError:
                time.sleep(0.1)

    threading.Thread(target=send, daemon=True).start()


def returning(file: Path, words: str = "return") -> tuple[Path, int]:
    """Find the first line of a file that begins with certain words.

    Args:
        file: The file.
        words: The words.
    """
    lines = file.read_text().splitlines()
    return file, next(n for n, line in enumerate(lines, 1) if line.strip().startswith(words))
