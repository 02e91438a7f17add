"""A failure in a suite is a failure, unless the test passes alone, which gives a warning."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.suites import MOST_REPEATED, SuiteFailed, run_tests

FIRST_TIME_ONLY = """
from pathlib import Path

def test_busy():
    mark = Path(__file__).with_name("mark")
    first = not mark.exists()
    mark.touch()
    assert not first
"""
BROKEN = "def test_broken{number}(): assert False, 'really broken'\n"
FINE = "def test_fine(): pass\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose environment is that of these tests."""
    project = tmp_path / "project"
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (project / "pytest.ini").touch()
    return project


def run(project: Path, *modules: str) -> None:
    for number, module in enumerate(modules):
        (project / f"test_{number}.py").write_text(module)
    environment = {"PATH": os.environ["PATH"]}
    run_tests(project, environment, project.parent / "cache", "the set (repeat it)")


def test_a_suite_that_passes_gives_no_warning(project: Path) -> None:
    run(project, FINE)


@pytest.mark.slow
def test_a_test_that_fails_alone_too_is_a_failure(project: Path) -> None:
    with pytest.raises(SuiteFailed, match=r"the set \(repeat it\)(.|\n)*really broken") as raised:
        run(project, FINE, BROKEN.format(number=1))
    assert "1 failed, 1 passed" in str(raised.value)
    assert "again alone" in str(raised.value)


@pytest.mark.slow
def test_a_test_that_passes_alone_is_a_warning(project: Path) -> None:
    with pytest.warns(UserWarning, match=re.compile("passed alone.*test_busy", re.DOTALL)):
        run(project, FINE, FIRST_TIME_ONLY)


@pytest.mark.slow
def test_a_flaky_test_does_not_hide_a_failure(project: Path) -> None:
    with pytest.raises(SuiteFailed, match="really broken"):
        run(project, FIRST_TIME_ONLY, BROKEN.format(number=1))


def test_many_failures_are_not_retried(project: Path) -> None:
    modules = [FIRST_TIME_ONLY] * (MOST_REPEATED + 1)
    with pytest.raises(SuiteFailed) as raised:
        run(project, *(text.replace("mark", f"mark{n}") for n, text in enumerate(modules)))
    assert "again alone" not in str(raised.value)


@pytest.mark.slow
def test_a_suite_that_cannot_start_fails(project: Path) -> None:
    with pytest.raises(SuiteFailed, match="nowhere_at_all"):
        run(project, "import nowhere_at_all\n")
