"""Suites of generated projects, run as their owners run them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.commands import run_to_end

SUITE_SECONDS = 900
# A suite, what failed of it once more, and all that comes before.
ALL_SECONDS = 2 * SUITE_SECONDS + 300
SHOWN_LINES = 60
# More at once are no coincidence.
COINCIDENCES = 3


class SuiteFailed(AssertionError):
    """A command of a suite failed; the text has its last lines."""


def run(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], what: str
) -> None:
    """Run a command, and show the end of what it said if it fails.

    Args:
        command: The command.
        folder: Where it runs.
        environment: All of its environment variables.
        what: What it is run for, and how to repeat it.

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
    """Run a project's tests, and the few that failed once more by themselves.

    Several suites run side by side here, each with servers and processes of its own, on a machine
    that may have two cores. A test that failed among them and passes alone is told in a warning.

    Args:
        project: The project, with its environment.
        environment: All environment variables.
        cache: Folder outside the project for pytest's cache.
        what: What is tested, and how to repeat it.
        tests: Which files; all if there are none.

    Raises:
        SuiteFailed: When a test failed again, or more than `COINCIDENCES` did.
    """
    pytest = [".venv/bin/python", "-m", "pytest", "-q", "-o", f"cache_dir={cache}"]
    try:
        run([*pytest, *tests], project, environment, what)
    except SuiteFailed as failure:
        found = cache / "v" / "cache" / "lastfailed"
        failed = list(json.loads(found.read_text())) if found.exists() else []
        if not 0 < len(failed) <= COINCIDENCES:
            raise
        run([*pytest, *failed], project, environment, f"{failure}\nand again by itself")
        warnings.warn(f"failed among others, passed alone: {failure}", stacklevel=2)
