"""Updated projects with edits: they are formatted and linted, and their suites are run.

test_matrix.py checks that an update equals a new rendering, except for edits. So `make test` only
runs tests that belong to the new answer, and `make test-thorough` one whole suite.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bytecode import shared_bytecode
from tests.rendering import ROOT, answer_sets
from tests.suites import ALL_SECONDS, run_tests
from tests.suites import run as run_in
from tests.test_generated import BIN, ON_A_DATABASE, affected_tests, clean_environment, scratch

from .published import IDENTITY, commit_all, git_in

__all__ = ["scratch"]
# Release, answer set, answers that the update changes, and whether the whole suite is run.
UPDATES = [
    pytest.param("1.0.0", "minimal", ["--data", "database=sqlite"], False, id="1.0.0-minimal"),
    pytest.param("1.0.0", "sqlite", [], True, id="1.0.0-sqlite", marks=pytest.mark.thorough),
]

pytestmark = [pytest.mark.generated, pytest.mark.timeout(ALL_SECONDS)]


@pytest.mark.parametrize(("version", "name", "data", "whole"), UPDATES)
def test_suite_after_update(
    version: str,
    name: str,
    data: list[str],
    whole: bool,
    published: Path,
    scratch: Path,
    shared: Path,
) -> None:
    project, what = scratch / "project", f"answer set {name}, updated from {version}"
    (scratch / "tmp").mkdir()
    environment = {
        **clean_environment(),
        **IDENTITY,
        "TMPDIR": str(scratch / "tmp"),
        "UV_PYTHON": sys.executable,
    }

    def run(*command: str | Path, folder: Path = project, **variables: str) -> None:
        run_in(command, folder, {**environment, **variables}, what)

    options = [f"--data={question}={answer}" for question, answer in answer_sets()[name].items()]
    copy = ["copy", "--trust", "--defaults", "--quiet", "--vcs-ref", version]
    run(BIN / "copier", *copy, *options, published, project, folder=scratch)
    edited = list(edit(project))
    run(sys.executable, "-m", "updating", *data, PYTHONPATH=str(ROOT))
    for line in edited:
        # The file may have moved.
        assert git_in(project).succeeds("grep", "--quiet", "--fixed-strings", line)
    run(BIN / "uv", "sync", "--frozen", "--quiet")
    run(".venv/bin/ruff", "format", "--check")
    run(".venv/bin/ruff", "check")
    run(".venv/bin/mypy")
    tests = [] if whole else affected_tests(project, also=ON_A_DATABASE)
    with shared_bytecode(project / ".venv", shared):
        run_tests(project, environment, scratch / "cache", what, tests)
    assert not git_in(project).text("status", "--porcelain")


def edit(project: Path) -> Iterator[str]:
    """Edit template-owned and seeded files, so that the project still works."""
    chassis = next((project / "src").iterdir()) / "chassis"
    for path in (chassis / "errors.py", chassis / "settings.py", project / "Makefile"):
        line = f"# mine, in {path.name}"
        path.write_text(f"{path.read_text()}\n\n{line}\n")
        yield line
    commit_all(project)
