"""Warnings that fail a test: deprecations in this project's code, and leaks anywhere."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support.processes import SERVICE

PROJECT = Path(__file__).parents[2]
PACKAGE = SERVICE[-1]

DEPENDENCY = """
import warnings


def deprecated(category):
    warnings.warn("deprecated", category)


def leak():
    open(__file__)


async def coroutine():
    pass


def forget():
    coroutine()
"""
TESTS = """
import warnings

import dependency
import pytest

DEPRECATED = [DeprecationWarning, FutureWarning, PendingDeprecationWarning]
WARN = "import warnings; warnings.warn('deprecated', category)"


@pytest.mark.parametrize("category", DEPRECATED)
def test_passes_for_a_dependency(category):
    dependency.deprecated(category)


@pytest.mark.parametrize("category", DEPRECATED)
@pytest.mark.parametrize("module", [{modules}])
def test_fails_for(module, category):
    exec(WARN, {{"__name__": module, "category": category}})


@pytest.mark.parametrize("category", DEPRECATED)
def test_fails_in_a_test(category):
    warnings.warn("deprecated", category)


def test_fails_for_another_warning():
    dependency.deprecated(UserWarning)


def test_fails_for_what_is_not_closed():
    dependency.leak()


def test_fails_for_a_coroutine_that_is_not_awaited():
    dependency.forget()
"""


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Whether each test above passed, run with this project's settings of pytest."""
    folder = tmp_path_factory.mktemp("warnings")
    modules = [PACKAGE, f"{PACKAGE}.own", "support.own", "conftest", "test_own"]
    (folder / "dependency.py").write_text(DEPENDENCY)
    (folder / "test_inner.py").write_text(TESTS.format(modules=repr(modules)[1:-1]))
    report = folder / "report.xml"
    options = ["-c", PROJECT / "pyproject.toml", f"--rootdir={folder}", f"--junitxml={report}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    # A passed test has no child element.
    return {
        case.attrib["name"]: len(case) == 0 for case in ElementTree.parse(report).iter("testcase")
    }


def test_a_deprecation_inside_a_dependency_fails_nothing(passed: dict[str, bool]) -> None:
    outcomes = [passed[name] for name in passed if name.startswith("test_passes")]
    assert outcomes == [True, True, True]


def test_deprecations_of_ones_own_and_leaks_fail(passed: dict[str, bool]) -> None:
    outcomes = {name: passed[name] for name in passed if name.startswith("test_fails")}
    assert len(outcomes) == 21
    assert not any(outcomes.values()), outcomes
