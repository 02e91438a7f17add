"""All checks of a project: its tests, its make targets, and the commands of its CI."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.commands import run_to_end
from tests.suites import SHOWN_LINES, SUITE_SECONDS

# A result is None for green, and the end of the output for red.
Results = dict[str, str | None]

# Twice as long, because the suite of a grown service also contains its owner's tests.
SECONDS = 2 * SUITE_SECONDS
TARGETS = ("lint", "format", "secrets", "docs", "sbom")
# Commands of CI that another check runs, and those that need an engine.
NOT_HERE = re.compile(r"make (test-all|docs|sbom)$|docker ")


@dataclass(frozen=True, slots=True)
class Workshop:
    """A project, and the environment to run its commands in.

    Attributes:
        project: The project, with its environment.
        environment: All environment variables.
        scratch: A folder beside the project.
    """

    project: Path
    environment: Mapping[str, str]
    scratch: Path

    def run(self, *command: str | Path, **variables: str) -> tuple[int, str]:
        """Run a command until it ends.

        Args:
            command: The command.
            variables: Further environment variables.

        Returns:
            Its status and its output.
        """
        environment = {**self.environment, **variables}
        done = run_to_end(command, self.project, environment, SECONDS)
        return done.returncode, done.stdout

    def check(self, *command: str | Path, **variables: str) -> str | None:
        """Run a command that should succeed and change no file.

        Args:
            command: The command.
            variables: Further environment variables.

        Returns:
            None if it did; otherwise the end of its output, or the changed files.
        """
        status, output = self.run(*command, **variables)
        if status:
            return tail(output)
        _, changed = self.run("git", "status", "--porcelain")
        if changed:
            self.run("git", "stash", "--include-untracked", "--quiet")
            self.run("git", "stash", "drop", "--quiet")
            return f"It changed files:\n{changed}"
        return None


def tail(output: str) -> str:
    """The end of a command's output.

    Args:
        output: The output.
    """
    return "\n".join(output.splitlines()[-SHOWN_LINES:])


def red(results: Results) -> Results:
    """The results that are not green.

    Args:
        results: All results.
    """
    return {check: output for check, output in results.items() if output is not None}


def run_checks(workshop: Workshop) -> Results:
    """Run the make targets and the commands of CI that can be run here.

    Args:
        workshop: The project; all of its files are committed.
    """
    results: Results = {}
    makefile = (workshop.project / "Makefile").read_text()
    for target in TARGETS:
        if f"\n{target}:" in makefile:
            results[f"make {target}"] = workshop.check("make", target)
    for command, variables in ci_commands(workshop.project):
        if not NOT_HERE.match(command):
            results[f"CI: {command}"] = workshop.check("bash", "-c", command, **variables)
    return results


def ci_commands(project: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Commands that CI runs for each commit, with their variables.

    Args:
        project: The project.
    """
    file = project / ".github" / "workflows" / "ci.yml"
    if not file.exists():
        return
    workflow: dict[str, Any] = yaml.safe_load(file.read_text())
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                yield step["run"].strip(), {**workflow.get("env", {}), **step.get("env", {})}


def run_tests(workshop: Workshop, tests: Iterable[str], settled: Iterable[str] = ()) -> Results:
    """Run tests of a project, and repeat failed ones alone.

    Args:
        workshop: The project.
        tests: Files and folders, or other arguments of pytest.
        settled: Tests that are expected to fail, and are not repeated.

    Returns:
        The result of each test by its id. A test that passes the second time is green, because
        several suites run at the same time, on a machine that may have two cores.
    """
    results = _pytest(workshop, tests)
    again = [test for test, output in results.items() if output is not None]
    if unsettled := set(again) - set(settled):
        results |= _pytest(workshop, sorted(unsettled))
    return results


def _pytest(workshop: Workshop, tests: Iterable[str]) -> Results:
    report = workshop.scratch / "report.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", "-o", "junit_family=xunit1"]
    status, output = workshop.run(".venv/bin/python", "-m", "pytest", *options, *tests)
    if not report.exists():
        return {"pytest": tail(output)}
    results: Results = {}
    for case in ET.parse(report).iter("testcase"):
        failed = [part for part in case if part.tag in ("failure", "error")]
        # Errors during collection have no file.
        test = f"{case.get('file') or case.get('name')}::{case.get('name')}"
        results[test] = tail(failed[0].text or "") if failed else results.get(test)
    if status and not any(results.values()):
        results["pytest"] = tail(output)
    return results
