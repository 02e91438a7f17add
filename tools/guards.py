"""`make test-guards`: take each guard out of the update's program, and see which test notices."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.rendering import ROOT, export

TABLE = ROOT / "tests" / "guards.toml"
FOLDER = ROOT / "build" / "guards"
SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Something without which an update could lose work.

    Attributes:
        item: The group that it belongs to.
        name: What it sees to.
        file: Where it is.
        old: Its text.
        new: The text without it.
        tests: Tests of tests/updates that may notice, in the order in which they are tried.
    """

    item: int
    name: str
    file: str
    old: str
    new: str
    tests: list[str]

    def removed_from(self, text: str) -> str:
        """The file without it.

        Args:
            text: The file.
        """
        # A text of several lines begins on a line of its own in the table.
        return text.replace(self.old.removeprefix("\n"), self.new.removeprefix("\n"))


def guards() -> list[Guard]:
    """Read the table."""
    return [Guard(**entry) for entry in tomllib.loads(TABLE.read_text())["guard"]]


def main(words: list[str]) -> int:
    """Take guards out of a copy of the repository, one after the other.

    Args:
        words: Only guards whose name contains one of these; none for all.

    Returns:
        Exit status: 1 if nothing noticed that one was missing.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.parent.mkdir(exist_ok=True)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(FOLDER)], check=True)
    export(FOLDER)
    chosen = [each for each in guards() if not words or any(word in each.name for word in words)]
    survived = 0
    for guard in chosen:
        began = time.monotonic()
        noticed = _who_notices(guard)
        survived += noticed is None
        seconds = time.monotonic() - began
        print(f"{guard.item:>2}  {guard.name}: {noticed or 'NOBODY'}, {seconds:.0f} s", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} were noticed.")
    return 1 if survived else 0


def _who_notices(guard: Guard) -> str | None:
    with _without(guard):
        for test in guard.tests:
            command = ["-m", "pytest", "-x", "-q", "-m", "not thorough", f"tests/updates/{test}"]
            done = subprocess.run(
                [sys.executable, *command, "-p", "no:cacheprovider"],
                cwd=FOLDER,
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
def _without(guard: Guard) -> Iterator[None]:
    file = FOLDER / guard.file
    text = file.read_text()
    file.write_text(guard.removed_from(text))
    try:
        yield
    finally:
        file.write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
