"""Claims about checks of the code that a project ships with."""

import subprocess

from .source import last_line
from .subject import Subject
from .verdict import Row, Verdict, judge, no


def _run(subject: Subject, command: str) -> subprocess.CompletedProcess[str]:
    return subject.run(subject.description.commands[command], subject.values())


def lint_passes(subject: Subject) -> Verdict:
    """Whether its own checks of format and style find nothing."""
    done = _run(subject, "lint")
    return judge(not done.returncode, last_line(done.stdout or done.stderr))


def types_are_strict(subject: Subject) -> Verdict:
    """Whether mypy finds nothing in strict mode."""
    done = _run(subject, "types")
    if "No module named mypy" in done.stderr or done.returncode == 127:
        return no("mypy is none of its packages")
    return judge(not done.returncode, last_line(done.stdout or done.stderr))


def tests_pass(subject: Subject) -> Verdict:
    """Whether its own tests pass as shipped, without Docker."""
    done = subject.run(subject.description.commands["tests"], subject.migrated())
    return judge(not done.returncode, last_line(done.stdout or done.stderr))


ROWS = (
    Row("", "its own lint passes", "its command", lint_passes, ("commands.lint",)),
    Row("", "types are strict", "`mypy --strict`", types_are_strict, ("commands.types",)),
    Row("X", "its own tests pass as shipped, without Docker", "its command", tests_pass,
        ("commands.tests",)),
)  # fmt: skip
