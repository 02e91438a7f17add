"""Running the suites of generated projects like their owners do."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.commands import run_to_end

SUITE_SECONDS = 3600
# A suite, the repetition of its failed tests, and the preparations.
ALL_SECONDS = 2 * SUITE_SECONDS + 300
SHOWN_LINES = 60
# If more tests fail, they are not repeated.
MOST_REPEATED = 3
# Arguments of `make test-all` in a project: without them, pytest only runs the owner's tests.
ALL_TESTS = ("--override-ini", "norecursedirs=.* node_modules tests/support")
IN_PARALLEL = ("--numprocesses", str((os.cpu_count() or 1) + 1), "--dist", "loadgroup")


class SuiteFailed(AssertionError):
    """A command of a suite failed; the text has its last lines."""


def run(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], what: str
) -> None:
    """Run a command, and show the end of its output if it fails.

    Args:
        command: The command.
        folder: Where it runs.
        environment: All of its environment variables.
        what: Purpose of the command, and how to repeat it.

    Raises:
        SuiteFailed: When it fails.
    """
    done = run_to_end(command, folder, environment, SUITE_SECONDS)
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-SHOWN_LINES:])
        raise SuiteFailed(f"{what}: {' '.join(map(str, command))}\n{tail}")


def run_tests(
    project: Path,
    environment: Mapping[str, str],
    cache: Path,
    what: str,
    tests: Sequence[str] = (),
) -> None:
    """Run a project's tests, and repeat a few failed ones alone.

    Several suites run at the same time here, each with its own servers and processes, on a machine
    that may have two cores. If a failed test passes alone, there is a warning.

    Args:
        project: The project, with its environment.
        environment: All environment variables.
        cache: Folder outside the project for pytest's cache.
        what: The tested project, and how to repeat the tests.
        tests: Files or other arguments of pytest; empty for all tests.

    Raises:
        SuiteFailed: When a test failed again, or more than `MOST_REPEATED` did.
    """
    pytest = [".venv/bin/python", "-m", "pytest", "-q", "-o", f"cache_dir={cache}"]
    try:
        run([*pytest, *(tests or ALL_TESTS)], project, environment, what)
    except SuiteFailed as failure:
        failed = failed_tests(cache)
        if not 0 < len(failed) <= MOST_REPEATED:
            raise
        run([*pytest, *failed], project, environment, f"{failure}\nand again alone")
        warnings.warn(f"failed in the suite, passed alone: {failure}", stacklevel=2)


def failed_tests(cache: Path) -> list[str]:
    """Tests that failed in the last run.

    Args:
        cache: pytest's cache.
    """
    found = cache / "v" / "cache" / "lastfailed"
    return list(json.loads(found.read_text())) if found.exists() else []
