"""Running one project with the newest packages, and finding what broke it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.rendering import every_set
from tests.suites import SHOWN_LINES
from tests.test_generated import has_mariadb

from . import good
from .bounds import held_back
from .checks import FORMAT, INSTALLATION, STYLE, TYPES, Check, Outcome, failed, suite
from .project import Project
from .results import Change, Failure, Result
from .search import guilty

NO_LAST = "there is no last good run"
NO_CHANGE = "it has the same packages as the last good run"
NOT_PACKAGES = "it also fails with the packages of the last good run"
NOT_LOCKABLE = "the packages of the last good run can no longer be locked"
# Further failed tests of a suite are only counted.
MOST_SEARCHED = 12


def run_case(
    template: Path,
    name: str,
    python: tuple[str, str],
    scratch: Path,
    last: dict[str, str],
    tests: Sequence[str] = (),
) -> Result:
    """Render an answer set, lock the newest packages, and run all checks.

    Args:
        template: The template.
        name: The answer set.
        python: The version of Python, and the path of its interpreter.
        scratch: An empty folder.
        last: Last good versions of the packages; empty if there are none.
        tests: Arguments of pytest; empty for the linters and the whole suite.
    """
    result = Result(name, python[0])
    if name.endswith("mysql") and not has_mariadb():
        result.skipped = "there is no MariaDB here"
        return result
    project = Project(template, every_set()[name], scratch, python[1])
    locked = project.lock_newest()
    if not locked.passed:
        result.failures.append(Failure("uv lock", [], "uv finds no versions", _end(locked)))
        return result
    broken: list[tuple[Check, Outcome]] = []
    installed = project.try_check(INSTALLATION)
    if installed.passed:
        result.passed.append(INSTALLATION.name)
        result.versions = project.versions()
        result.changes = good.changes(last, result.versions) if last else []
        result.held = held_back(project)
        linters = () if tests else (FORMAT, STYLE, TYPES)
        for check in (*linters, suite(tuple(tests))):
            broken += _failures(project, check, result)
    else:
        broken.append((INSTALLATION, installed))
    result.failures = _explained(project, broken, result, last)
    return result


def _failures(project: Project, check: Check, result: Result) -> list[tuple[Check, Outcome]]:
    """Run a check, and repeat what failed alone."""
    outcome = project.try_check(check)
    if outcome.passed:
        result.passed.append(check.name)
        return []
    broken = []
    tests = failed(check, project.cache)
    result.more += len(tests[MOST_SEARCHED:])
    for each in tests[:MOST_SEARCHED]:
        again = project.try_check(each)
        if again.passed:
            result.alone.append(each.name)
        else:
            broken.append((each, again))
    return broken


def _explained(
    project: Project,
    broken: list[tuple[Check, Outcome]],
    result: Result,
    last: dict[str, str],
) -> list[Failure]:
    """Search for the causes of failures; what one cause explains is not searched for again."""
    if not last:
        return [Failure(check.name, [], NO_LAST, _end(outcome)) for check, outcome in broken]
    changes = result.changes or _locked_changes(project, last)
    changed = {change.package: change for change in changes if change.old and change.new}
    failures = []
    while broken:
        check = broken[0][0]
        causes, unknown = _causes(project, check, list(changed), last)
        found = [changed[name] for name in causes]
        rest = []
        for number, (other, said) in enumerate(broken):
            same = number == 0 or (causes and _passes(project, other, causes, last))
            if same:
                failures.append(Failure(other.name, found, unknown, _end(said)))
            else:
                rest.append((other, said))
        broken = rest
    project.put_back({})
    return failures


def _causes(
    project: Project, check: Check, changed: list[str], last: dict[str, str]
) -> tuple[list[str], str]:
    """The packages that break a check, or why they are unknown."""
    if not changed:
        return [], NO_CHANGE
    if not project.put_back({name: last[name] for name in changed}).passed:
        return [], NOT_LOCKABLE
    found = guilty(changed, lambda back: _passes(project, check, back, last))
    return found, "" if found else NOT_PACKAGES


def _passes(project: Project, check: Check, back: list[str], last: dict[str, str]) -> bool:
    return (
        project.put_back({name: last[name] for name in back}).passed
        and project.try_check(check).passed
    )


def _locked_changes(project: Project, last: dict[str, str]) -> list[Change]:
    """Changes of packages that could not be installed."""
    locked = project.locked_versions()
    return [change for change in good.changes(last, locked) if change.old and change.new]


def _end(outcome: Outcome) -> str:
    return "\n".join(outcome.output.splitlines()[-SHOWN_LINES:])
