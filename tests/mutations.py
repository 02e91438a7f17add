"""Mutations of a generated service: break one claim of the chassis, and check that a test fails.

`python tests/mutations.py PROJECT [WORD...]` applies the mutations of `mutations.toml`, or only
those whose names contain one of the words, in a generated project with an environment. It prints
which test caught each mutation, and returns status 1 if one survived.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

TABLE = Path(__file__).with_name("mutations.toml")
TESTS = Path("tests/chassis")
SUFFIXES = {".mako", ".py"}
TEST_SECONDS = 60
RUN_SECONDS = 300
# For all tests of mutations, without a mutation.
CHECK_SECONDS = 1800
END_SECONDS = 20
# If more tests fail without a mutation, they are not repeated.
MOST_REPEATED = 3
# Half of the time of a test is waiting.
PROCESSES = 2 * (os.cpu_count() or 1)


class Unusable(Exception):
    """A mutation cannot be judged: its text is missing, or its tests fail without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A change that breaks one claim.

    Attributes:
        name: The broken claim.
        place: Name of the function, class, constant or module that is changed. It is searched in
            the whole chassis, so that code can move, and qualified if it is not unique: `sweep`,
            `JobQueue.sweep`, `queue.JobQueue.sweep`. Other files are given by their names.
        old: The code to replace, with any whitespace.
        new: The replacement; further lines are indented like the first one.
        tests: Tests below tests/chassis of which one must fail.
        database: The database of services to which it applies; any by default.
    """

    name: str
    place: str
    old: str
    new: str
    tests: list[str]
    database: str | None = None

    def applies_to(self, chassis: Chassis) -> bool:
        """Whether a service has the code and the tests of the mutation.

        Args:
            chassis: The chassis of the generated service.
        """
        if self.database is not None and self.database not in chassis.databases:
            return False
        tests = [chassis.project / TESTS / test.partition("::")[0] for test in self.tests]
        return self.place in chassis.scopes and all(test.exists() for test in tests)

    def matches(self, chassis: Chassis) -> list[Match]:
        """Find its text, which should occur once.

        Args:
            chassis: The chassis of the generated service.
        """
        words = r"\s+".join(map(re.escape, self.old.split()))
        # Not as part of a longer name.
        before = r"(?<!\w)" if re.match(r"\w", self.old.strip()) else ""
        after = r"(?!\w)" if re.search(r"\w$", self.old.strip()) else ""
        pattern = re.compile(before + words + after)
        found = {
            (scope.path, match.start(), match.end())
            for scope in chassis.scopes.get(self.place, [])
            for match in pattern.finditer(chassis.texts[scope.path], scope.start, scope.end)
        }
        return [Match(path, start, end) for path, start, end in sorted(found)]

    def broken(self, text: str, match: Match) -> str:
        """Apply the mutation to a module.

        Args:
            text: The module.
            match: The text to replace.
        """
        line = text[text.rfind("\n", 0, match.start) + 1 : match.start]
        indentation = line[: len(line) - len(line.lstrip())]
        new = self.new.strip("\n").replace("\n", f"\n{indentation}")
        return text[: match.start] + new + text[match.end :]


class Match(NamedTuple):
    """A part of a file.

    Attributes:
        path: The file.
        start: Its first character.
        end: The character after its last one.
    """

    path: Path
    start: int
    end: int


class Chassis:
    """The chassis of a generated service, with an index of its names.

    Attributes:
        project: The service.
        databases: The databases that it has a module for.
        texts: Contents of its files.
        scopes: Modules, classes, functions and constants by name, qualified or not.
    """

    def __init__(self, project: Path) -> None:
        """Read a chassis.

        Args:
            project: The generated project.
        """
        folder = package(project) / "chassis"
        self.project = project
        self.databases = [path.stem for path in folder.glob("db/*sql*.py")]
        self.texts = {
            path: path.read_text()
            for path in sorted(folder.rglob("*.*"))
            if path.suffix in SUFFIXES
        }
        self.scopes: dict[str, list[Match]] = {}
        for path, text in self.texts.items():
            whole = Match(path, 0, len(text))
            if path.suffix != ".py":
                self._add([path.name], whole)
                continue
            parts = path.relative_to(folder).with_suffix("").parts
            module = [part for part in parts if part != "__init__"]
            self._add(module, whole)
            for name, start, end in definitions(text):
                self._add([*module, *name.split(".")], Match(path, start, end))

    def _add(self, parts: Sequence[str], match: Match) -> None:
        """Add an entry for a qualified name and for each of its suffixes."""
        for first in range(len(parts)):
            self.scopes.setdefault(".".join(parts[first:]), []).append(match)


@functools.cache
def definitions(text: str) -> tuple[tuple[str, int, int], ...]:
    """Functions, classes and assigned names of a module.

    Args:
        text: The module.

    Returns:
        Qualified name, start and end of each.
    """
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return tuple(
        (name, starts[first - 1], starts[last])
        for name, first, last in _definitions(ast.parse(text), "")
    )


def _definitions(node: ast.AST, prefix: str, local: bool = False) -> Iterator[tuple[str, int, int]]:
    """Names defined in a node, with their first and last lines, without local variables."""
    for child in ast.iter_child_nodes(node):
        inner, inside = prefix, local
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
            yield prefix + child.name, first, child.end_lineno or child.lineno
            inner = f"{prefix}{child.name}."
            inside = not isinstance(child, ast.ClassDef)
        elif isinstance(child, ast.Assign | ast.AnnAssign) and not local:
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield prefix + target.id, child.lineno, child.end_lineno or child.lineno
        yield from _definitions(child, inner, inside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a mutation."""

    mutation: Mutation
    caught_by: str | None
    seconds: float


def mutations(words: Iterable[str] = ()) -> list[Mutation]:
    """Read the table.

    Args:
        words: Only those whose name contains one of these; none for all.
    """
    found = [
        Mutation(place=entry.pop("in"), **entry)
        for entry in tomllib.loads(TABLE.read_text())["mutation"]
    ]
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
    """Apply a mutation for the duration of the context.

    Args:
        mutation: The mutation.
        project: The generated project.

    Raises:
        Unusable: If the text to replace does not occur exactly once.
    """
    matches = mutation.matches(Chassis(project))
    if len(matches) != 1:
        raise Unusable(f"{mutation.place} has {len(matches)} of: {mutation.old}")
    path = matches[0].path
    text, status = path.read_text(), path.stat()
    try:
        path.write_text(mutation.broken(text, matches[0]))
        yield
    finally:
        path.write_text(text)
        # Restore the modification time, too, on which the validity of bytecode depends.
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def failing_test(
    project: Path, tests: Sequence[str], *, seconds: float = RUN_SECONDS
) -> str | None:
    """Run tests of a project until one fails.

    Args:
        project: The generated project.
        tests: Ids of tests below tests/chassis.
        seconds: Their time limit.

    Returns:
        The test that failed, or None.

    Raises:
        Unusable: When the tests could not be run.
    """
    failed = failing_tests(project, tests, seconds=seconds, most=1)
    return failed[0] if failed else None


def failing_tests(
    project: Path, tests: Sequence[str], *, seconds: float, most: int, processes: int = 0
) -> list[str]:
    """Run tests of a project.

    Args:
        project: The generated project.
        tests: Ids of tests below tests/chassis.
        seconds: Their time limit.
        most: How many may fail before the run ends.
        processes: In how many processes they run at the same time; 0 for pytest's own.

    Returns:
        The tests that failed.

    Raises:
        Unusable: When the tests could not be run.
    """
    command = [
        *(".venv/bin/python", "-m", "pytest", f"--maxfail={most}", "-q", "-rfE", "--tb=no"),
        *(
            "--no-header",
            "--show-capture=no",
            "-p",
            "no:cacheprovider",
            "-o",
            f"timeout={TEST_SECONDS}",
        ),
        *("--numprocesses", str(processes), "--dist", "loadgroup"),
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
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Unusable(f"the tests took more than {seconds:g} s") from None
    finally:
        _end(process)
    if process.returncode == 0:
        return []
    pattern = rf"^(?:FAILED|ERROR) {TESTS}/(\S+::[^\n]*?)(?: - |$)"
    failed = re.findall(pattern, output, re.MULTILINE)
    if process.returncode != 1 or not failed:
        raise Unusable(f"the tests could not be run:\n{output}")
    return failed


def failing_alone(project: Path, tests: Sequence[str]) -> str | None:
    """Run tests of a project, and those that fail once more, each alone.

    Args:
        project: The generated project, without a mutation.
        tests: Ids of tests below tests/chassis.

    Returns:
        A test that failed both times, or one of too many that failed; None if there is none.
    """
    failed = failing_tests(
        project, tests, seconds=CHECK_SECONDS, most=MOST_REPEATED + 1, processes=PROCESSES
    )
    if len(failed) > MOST_REPEATED:
        return failed[0]
    return next((each for each in failed if failing_test(project, [each])), None)


def _end(process: subprocess.Popen[str]) -> None:
    """End pytest in a way that lets it stop the servers that it started."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def try_out(mutation: Mutation, project: Path) -> Outcome:
    """Apply a mutation, and find a test that fails.

    Args:
        mutation: The mutation.
        project: The generated project.

    Raises:
        Unusable: If it cannot be judged.
    """
    start = time.monotonic()
    with applied(mutation, project):
        caught_by = failing_test(project, mutation.tests)
    return Outcome(mutation=mutation, caught_by=caught_by, seconds=time.monotonic() - start)


def in_copies(
    copies: Sequence[Path], items: Sequence[Item], work: Callable[[Item, Path], Result]
) -> Iterator[tuple[Item, Result]]:
    """Process items in threads, one for each copy of a folder.

    Args:
        copies: Folders with the same content.
        items: The items.
        work: Processes an item in a copy that no other thread uses meanwhile.

    Returns:
        Items and results, in the order of the items.
    """
    free = SimpleQueue[Path]()
    for copy in copies:
        free.put(copy)

    def in_one(item: Item) -> Result:
        copy = free.get()
        try:
            return work(item, copy)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        yield from zip(items, pool.map(in_one, items), strict=True)


def try_all(projects: Sequence[Path], words: Sequence[str]) -> int:
    """Try the mutations that apply to a project, and print the results.

    Args:
        projects: Copies of one generated project, each with an environment; each tries one
            mutation at a time.
        words: Only mutations whose name contains one of these; none for all.

    Returns:
        Exit status: 1 if a mutation survived.
    """
    chassis = Chassis(projects[0])
    chosen = [each for each in mutations(words) if each.applies_to(chassis)]
    tests = sorted({test for mutation in chosen for test in mutation.tests})
    if failed := failing_alone(projects[0], tests):
        print(f"{failed} fails without a mutation", file=sys.stderr)
        return 1

    def outcome_of(mutation: Mutation, project: Path) -> Outcome | Unusable:
        try:
            return try_out(mutation, project)
        except Unusable as error:
            return error

    survivors = 0
    print("| mutation | caught by | seconds |\n| --- | --- | --- |")
    for mutation, outcome in in_copies(projects, chosen, outcome_of):
        if isinstance(outcome, Unusable):
            caught_by, seconds = None, "-"
            print(outcome, file=sys.stderr)
        else:
            caught_by, seconds = outcome.caught_by, f"{outcome.seconds:.0f}"
        survivors += caught_by is None
        print(f"| {mutation.name} | {caught_by or '**survived**'} | {seconds} |", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} caught")
    return 1 if survivors or not chosen else 0


def main(arguments: Sequence[str]) -> int:
    """Try mutations in one project.

    Args:
        arguments: Folder of the project, and words of names.

    Returns:
        Exit status.
    """
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    # On SIGTERM as on Ctrl-C, restore the file.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return try_all([Path(arguments[0]).resolve()], arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
