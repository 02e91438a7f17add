"""`make test-release`: run the tests that `make test` leaves out, and list those not run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A target of the Makefile.

    Attributes:
        target: Its name.
        is_possible: Whether this machine meets its requirement.
        needs: The requirement.
    """

    target: str
    is_possible: Callable[[], bool] = lambda: True
    needs: str = ""


def main() -> int:
    """Run every step, also after failures, and print a table of results and times.

    Returns:
        Exit status: 1 if a step failed. Steps that this machine cannot run are listed as NOT run.
    """
    results = []
    for step in STEPS:
        if not step.is_possible():
            results.append((step.target, f"NOT run: there is no {step.needs} here", 0.0))
            continue
        start = time.monotonic()
        done = subprocess.run([os.environ.get("MAKE", "make"), step.target], check=False)
        result = "passed" if done.returncode == 0 else "FAILED"
        results.append((step.target, result, time.monotonic() - start))
    print()
    for target, result, seconds in results:
        print(f"{target:15} {seconds / 60:5.1f} min  {result}")
    print(f"{'all':15} {sum(seconds for _, _, seconds in results) / 60:5.1f} min")
    return int(any(result == "FAILED" for _, result, _ in results))


def _has_engine() -> bool:
    commands = (["docker", "version"], ["docker", "compose", "version"])
    return shutil.which("docker") is not None and all(
        subprocess.run(command, capture_output=True, check=False).returncode == 0
        for command in commands
    )


def _has_browser() -> bool:
    return shutil.which("chromedriver") is not None


def _has_npm() -> bool:
    return shutil.which("npm") is not None


def _has_forge() -> bool:
    return os.access(Path(os.environ["FORGE"]) / "up", os.X_OK)


STEPS = (
    Step(target="test-thorough"),
    Step(target="test-mutations"),
    Step(target="test-guards"),
    Step(target="test-delivery", is_possible=_has_engine, needs="Docker engine with Compose"),
    Step(target="test-browser", is_possible=_has_browser, needs="Chromium with its driver"),
    Step(target="test-clients", is_possible=_has_npm, needs="npm"),
    Step(target="test-forge", is_possible=_has_forge, needs="script that starts Pagure (FORGE)"),
)


if __name__ == "__main__":
    sys.exit(main())
