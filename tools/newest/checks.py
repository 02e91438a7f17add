"""What is run in a project: the installation, the linters, and the suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.suites import ALL_TESTS, IN_PARALLEL, failed_tests

_PYTEST = (".venv/bin/python", "-m", "pytest", "-q", "-o", "cache_dir={cache}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a command.

    Attributes:
        passed: Whether it succeeded.
        output: All of its output.
    """

    passed: bool
    output: str


@dataclass(frozen=True, slots=True)
class Check:
    """A command that has to succeed in a project.

    Attributes:
        name: Its name, or the id of a test.
        command: The command, empty if only the installation is checked. `{cache}` is replaced by
            the folder of pytest's cache.
    """

    name: str
    command: tuple[str, ...] = ()


INSTALLATION = Check("the installation")
FORMAT = Check("ruff format --check", (".venv/bin/ruff", "format", "--check"))
STYLE = Check("ruff check", (".venv/bin/ruff", "check", "--no-cache"))
TYPES = Check("mypy", (".venv/bin/mypy", "--cache-dir", "{cache}"))


def suite(tests: tuple[str, ...] = ()) -> Check:
    """The tests of a project.

    Args:
        tests: Arguments of pytest; empty for the whole suite.
    """
    return Check("the suite", (*_PYTEST, *(tests or (*IN_PARALLEL, *ALL_TESTS))))


def failed(check: Check, cache: Path) -> list[Check]:
    """Split a failed check into checks that can be repeated alone.

    Args:
        check: The failed check.
        cache: pytest's cache.

    Returns:
        A check for each failed test, or the check itself if it has no tests or could not start.
    """
    if check.command[: len(_PYTEST)] != _PYTEST:
        return [check]
    return [Check(test, (*_PYTEST, test)) for test in failed_tests(cache)] or [check]
