"""Mutations of a generated service: break one thing that the chassis does, and see who notices.

`python tests/mutations.py PROJECT [NAME...]` does it in a project that has been generated and
synchronized, with all of `mutations.toml` or with those whose names contain one of the words given.
It prints which test caught what, and ends with status 1 if a mutation survived.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("mutations.toml")
TESTS = Path("tests/chassis")
TEST_SECONDS = 60
RUN_SECONDS = 300
END_SECONDS = 20


class Unusable(Exception):
    """A mutation cannot be judged: its text is not there, or its tests fail without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One thing that is broken."""

    name: str
    file: str
    old: str
    new: str
    tests: list[str]
    database: str | None = None

    def applies_to(self, project: Path) -> bool:
        """Whether a project has the part that is broken.

        Args:
            project: The generated project.
        """
        source = package(project)
        databases = [path.stem for path in source.glob("chassis/db/*sql*.py")]
        if self.database is not None and self.database not in databases:
            return False
        tests = [project / TESTS / test.partition("::")[0] for test in self.tests]
        return (source / self.file).exists() and all(test.exists() for test in tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a mutation."""

    mutation: Mutation
    caught_by: str | None
    seconds: float


def mutations(words: Iterable[str] = ()) -> list[Mutation]:
    """Read the table.

    Args:
        words: Only those whose name contains one of these; none for all.
    """
    found = [Mutation(**entry) for entry in tomllib.loads(TABLE.read_text())["mutation"]]
    wanted = [word.lower() for word in words]
    return [
        mutation
        for mutation in found
        if not wanted or any(word in mutation.name.lower() for word in wanted)
    ]


def package(project: Path) -> Path:
    """The folder of a generated project's package.

    Args:
        project: The project.
    """
    [chassis] = project.glob("src/*/chassis")
    return chassis.parent


@contextmanager
def applied(mutation: Mutation, project: Path) -> Iterator[None]:
    """Break something for as long as the context lasts.

    Args:
        mutation: What is broken.
        project: The generated project.

    Raises:
        Unusable: If the text to be replaced is not in its file exactly once.
    """
    path = package(project) / mutation.file
    text, status = path.read_text(), path.stat()
    if (count := text.count(mutation.old)) != 1:
        raise Unusable(f"{mutation.file} has {count} of: {mutation.old}")
    try:
        path.write_text(text.replace(mutation.old, mutation.new))
        yield
    finally:
        path.write_text(text)
        # As it was before, for those who keep compiled modules by their time.
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def failing_test(project: Path, tests: Sequence[str]) -> str | None:
    """Run tests of a project until one fails.

    Args:
        project: The generated project.
        tests: Which tests, as pytest knows them below tests/chassis.

    Returns:
        The test that failed, or None.

    Raises:
        Unusable: When the tests could not be run.
    """
    command = [
        *(".venv/bin/python", "-m", "pytest", "-x", "-q", "-rfE", "--tb=no", "--no-header"),
        *("--show-capture=no", "-p", "no:cacheprovider", "-o", f"timeout={TEST_SECONDS}"),
        *(str(TESTS / test) for test in tests),
    ]
    process = subprocess.Popen(
        command,
        cwd=project,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = process.communicate(timeout=RUN_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unusable(f"the tests took more than {RUN_SECONDS} s") from None
    finally:
        _end(process)
    if process.returncode == 0:
        return None
    failed = re.search(rf"^(?:FAILED|ERROR) {TESTS}/(\S+::[^\n]*?)(?: - |$)", output, re.MULTILINE)
    if process.returncode != 1 or failed is None:
        raise Unusable(f"the tests could not be run:\n{output}")
    return failed[1]


def _end(process: subprocess.Popen[str]) -> None:
    """Let pytest stop the servers that it started."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def try_out(mutation: Mutation, project: Path) -> Outcome:
    """Break something, and see which test notices.

    Args:
        mutation: What is broken.
        project: The generated project.

    Raises:
        Unusable: If it cannot be judged.
    """
    start = time.monotonic()
    with applied(mutation, project):
        caught_by = failing_test(project, mutation.tests)
    return Outcome(mutation=mutation, caught_by=caught_by, seconds=time.monotonic() - start)


def main(arguments: Sequence[str]) -> int:
    """Try the mutations out that apply to a project, and print what became of them.

    Args:
        arguments: Folder of the project, and words of names.

    Returns:
        Exit status.
    """
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    # SIGTERM ends it as Ctrl-C does: with the file as it was.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    project = Path(arguments[0]).resolve()
    chosen = [each for each in mutations(arguments[1:]) if each.applies_to(project)]
    tests = sorted({test for mutation in chosen for test in mutation.tests})
    if failed := failing_test(project, tests):
        print(f"{failed} fails although nothing is broken", file=sys.stderr)
        return 1
    survivors = 0
    print("| mutation | caught by | seconds |\n| --- | --- | --- |")
    for mutation in chosen:
        try:
            outcome = try_out(mutation, project)
            caught_by, seconds = outcome.caught_by, f"{outcome.seconds:.0f}"
        except Unusable as error:
            caught_by, seconds = None, "-"
            print(error, file=sys.stderr)
        survivors += caught_by is None
        print(f"| {mutation.name} | {caught_by or '**survived**'} | {seconds} |", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} caught")
    return 1 if survivors or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
