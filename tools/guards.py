"""`make test-guards`: remove each guard from the update program, and check that a test fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutations import in_copies
from tests.rendering import ROOT, export

TABLE = ROOT / "tests" / "guards.toml"
FOLDER = ROOT / "build" / "guards"
SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A check in the update program that protects a user's work.

    Attributes:
        item: Number of its group.
        name: What it ensures.
        file: The file that contains it.
        old: Its code.
        new: The code without it.
        tests: Tests of tests/updates of which one must fail without it, in the order to run.
    """

    item: int
    name: str
    file: str
    old: str
    new: str
    tests: list[str]

    def removed_from(self, text: str) -> str:
        """Remove it from the text of its file.

        Args:
            text: The text.
        """
        # In the table, code of several lines starts on a new line.
        return text.replace(self.old.removeprefix("\n"), self.new.removeprefix("\n"))


def guards() -> list[Guard]:
    """Read the table."""
    return [Guard(**entry) for entry in tomllib.loads(TABLE.read_text())["guard"]]


def main(words: list[str]) -> int:
    """Remove guards from copies of the repository, one at a time in each.

    Args:
        words: Only guards whose name contains one of these; none for all.

    Returns:
        Exit status: 1 if no test failed without one of them.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    copies = [FOLDER / str(number) for number in range(os.cpu_count() or 1)]
    for copy in copies:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(copy)], check=True)
        export(copy)

    def outcome_of(guard: Guard, copy: Path) -> tuple[str | None, float]:
        began = time.monotonic()
        return _failing_test(guard, copy), time.monotonic() - began

    chosen = [each for each in guards() if not words or any(word in each.name for word in words)]
    survived = 0
    for guard, (caught_by, seconds) in in_copies(copies, chosen, outcome_of):
        survived += caught_by is None
        result = caught_by or "NO TEST FAILED"
        print(f"{guard.item:>2}  {guard.name}: {result}, {seconds:.0f} s", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} removals were caught.")
    return 1 if survived else 0


def _failing_test(guard: Guard, copy: Path) -> str | None:
    with _without(guard, copy):
        for test in guard.tests:
            command = ["-m", "pytest", "-x", "-q", "-m", "not thorough", f"tests/updates/{test}"]
            done = subprocess.run(
                [sys.executable, *command, "-p", "no:cacheprovider"],
                cwd=copy,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            if done.returncode == 1:
                failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED ")]
                return failed[0].split()[1].removeprefix("tests/updates/") if failed else test
    return None


@contextmanager
def _without(guard: Guard, copy: Path) -> Iterator[None]:
    file = copy / guard.file
    text = file.read_text()
    file.write_text(guard.removed_from(text))
    try:
        yield
    finally:
        file.write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
