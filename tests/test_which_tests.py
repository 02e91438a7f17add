"""The tests that each command of a generated project runs: the owner's, the factors', or all."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.questionnaire import decided_by
from tests.rendering import files, locked, render
from tests.suites import ALL_TESTS, IN_PARALLEL

pytestmark = pytest.mark.slow

OWN = {"tests/test_mine.py", "tests/api/test_mine.py", "tests/api/chassis/test_mine.py"}
FACTORS = {"tests/twelve_factor/test_01_codebase.py"}
CHASSIS = {"tests/chassis/test_cli.py"}
# A stand-in for uv, whose `uv run pytest ...` lists the selected tests.
UV = '#!/bin/sh\nshift 2\nexec {python} -m pytest --collect-only -qq "$@"\n'


def generated(template: Path, shared: Path, *, chassis_tests: bool) -> Path:
    """A minimal project, generated if no process has."""
    folder = shared / f"which-tests-{chassis_tests}"
    with locked(folder):
        answers = {"preset": "minimal", "ci": "github", "chassis_tests": chassis_tests}
        return folder if folder.exists() else render(template, folder, answers)


@pytest.fixture
def project(template: Path, shared: Path, tmp_path: Path) -> Path:
    """A project's Makefile and pytest settings, with a test in each folder of tests."""
    rendered = generated(template, shared, chassis_tests=True)
    project = tmp_path / "project"
    for path in OWN | FACTORS | CHASSIS:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text("def test_it(): pass\n")
    # Two folders have a test_mine.py.
    for folder in ("tests/chassis", "tests/api", "tests/api/chassis"):
        (project / folder / "__init__.py").touch()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(rendered / name, project)
    (project / "bin").mkdir()
    uv = project / "bin" / "uv"
    uv.write_text(UV.format(python=sys.executable))
    uv.chmod(0o755)
    return project


def listed(project: Path, *command: str) -> set[str]:
    """Files of the tests that a command selects."""
    environment = {**os.environ, "PATH": f"{project / 'bin'}:{os.environ['PATH']}"}
    # Variables that pytest sets for its processes would change another pytest.
    environment = {name: each for name, each in environment.items() if "PYTEST" not in name}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return set(re.findall(r"^(tests/\S+\.py)", done.stdout, re.MULTILINE))


@pytest.mark.parametrize(
    ("command", "tests"),
    [
        ("uv run pytest", OWN),
        ("uv run pytest tests", OWN),
        ("make test", OWN),
        ("make test-factors", FACTORS),
        ("make test-all", OWN | FACTORS | CHASSIS),
        ("uv run pytest tests/twelve_factor", FACTORS),
        ("uv run pytest tests/chassis", CHASSIS),
        ("uv run pytest tests/chassis/test_cli.py::test_it", CHASSIS),
        ("uv run pytest tests/api tests/chassis", OWN - {"tests/test_mine.py"} | CHASSIS),
    ],
)
def test_each_command_runs_the_tests_that_it_names(
    command: str, tests: set[str], project: Path
) -> None:
    assert listed(project, *command.split()) == tests


def test_the_suites_here_run_what_make_test_all_runs(project: Path) -> None:
    makefile = (project / "Makefile").read_text()
    [recipe] = re.findall(r"^test-all:.*\n\tuv run pytest (.*)$", makefile, re.MULTILINE)
    testers = IN_PARALLEL[IN_PARALLEL.index("--numprocesses") + 1]
    assert shlex.split(recipe.replace("$(TESTERS)", testers)) == [*IN_PARALLEL, *ALL_TESTS]


@pytest.mark.parametrize(
    ("ci", "path"), [("github", ".github/workflows/ci.yml"), ("gitlab", ".gitlab-ci.yml")]
)
def test_ci_runs_all_tests(ci: str, path: str, template: Path, tmp_path: Path) -> None:
    answers = {"preset": "minimal", "ci": ci}
    text = (render(template, tmp_path / "project", answers) / path).read_text()
    assert re.findall(r"make test[\w-]*", text) == ["make test-all"]


def test_other_tests_do_not_depend_on_those_of_the_chassis(template: Path, shared: Path) -> None:
    assert decided_by("minimal")["chassis_tests"] is True
    whole, without = (
        files(generated(template, shared, chassis_tests=wanted)) for wanted in (True, False)
    )
    assert whole.keys() - without.keys() == {
        path for path in whole if path.startswith("tests/chassis/")
    }
    assert not without.keys() - whole.keys()
    for path in without:
        if path.startswith(("src/", "tests/")):
            assert without[path] == whole[path], path
