"""Grown services: generated, extended by the overlay, and all their checks run.

Red checks are listed in known.toml. If another one becomes red, or one of these green, these tests
fail.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.bytecode import shared_bytecode
from tests.suites import ALL_SECONDS, ALL_TESTS
from tests.test_generated import BIN, clean_environment, pythons
from tests.test_generated import scratch as scratch
from tests.updates.published import answer_set, commit_all, git_in, is_this_tree, versions
from updating.update import update

from .checks import Results, Workshop, red, run_checks, run_tests, tail
from .growing import grow, recorded
from .known import contradictions, expected_red, known
from .next_release import VERSION, release_next

VARIANTS = ("standard", "minimal", "sqlite", "complete", "parts/authentication_jwt")

pytestmark = [pytest.mark.generated, pytest.mark.timeout(3 * ALL_SECONDS)]
# `make test` has one grown service; `make test-thorough` has all.
ONE_IN_THE_GATE = pytest.mark.parametrize(
    "variant",
    [
        pytest.param(name, marks=() if name == VARIANTS[0] else pytest.mark.thorough)
        for name in VARIANTS
    ],
)


@ONE_IN_THE_GATE
def test_grown_service(variant: str, published: Path, scratch: Path, shared: Path) -> None:
    template = scratch / "template"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    workshop, own = grown(variant, template, versions(template)[-1], scratch)
    listed = known()
    settled = expected_red(variant, listed)
    with shared_bytecode(workshop.project / ".venv", shared):
        results = run_tests(workshop, ALL_TESTS, settled)
        results |= run_checks(workshop)
        release_next(template)
        results |= follow(workshop, own, results, settled)
    assert recorded(workshop.project)["_commit"] == VERSION
    assert not (found := contradictions(variant, results, listed)), "\n\n".join(found)


@pytest.mark.thorough
@pytest.mark.parametrize("variant", VARIANTS)
def test_service_grown_on_the_last_release_follows_this_tree(
    variant: str, published: Path, scratch: Path, shared: Path
) -> None:
    newest = versions(published)[-1]
    released = is_this_tree(git_in(published).text("rev-parse", newest))
    last = newest if released else versions(published)[-2]
    workshop, own = grown(variant, published, last, scratch)
    settled = expected_red(variant, known())
    with shared_bytecode(workshop.project / ".venv", shared):
        before = run_tests(workshop, own_tests(own), settled)
        results = follow(workshop, own, before, settled)
    assert not red(results)


def grown(
    variant: str, template: Path, version: str, scratch: Path, *, python: str = ""
) -> tuple[Workshop, list[str]]:
    """Generate a project like users do, and grow it.

    Args:
        variant: Name of the answer set.
        template: The published template.
        version: Its release.
        scratch: A folder.
        python: Version of Python; by default the lowest of the answer set.

    Returns:
        The project, and paths of the files that the team added.
    """
    answers = answer_set(template, version, variant)
    (scratch / "answers.yml").write_text(yaml.safe_dump(answers))
    (scratch / "tmp").mkdir()
    environment = {**clean_environment(), "TMPDIR": str(scratch / "tmp")}
    environment["UV_PYTHON"] = pythons()[python or answers.get("lowest_python", "3.11")]
    workshop = Workshop(scratch / "project", environment, scratch)
    workshop.project.mkdir()
    copy = ["copy", "--trust", "--defaults", "--quiet", "--vcs-ref", version]
    copy += ["--data-file", str(scratch / "answers.yml")]
    succeed(workshop, BIN / "copier", *copy, template, workshop.project)
    succeed(workshop, "uv", "sync", "--frozen", "--quiet")
    own = grow(workshop.project, lambda *command: succeed(workshop, *command))
    commit_all(workshop.project, "Work for a month")
    return workshop, own


def succeed(workshop: Workshop, *command: str | Path) -> str:
    """Run a command that must succeed, and return its output."""
    status, output = workshop.run(*command)
    assert not status, f"{' '.join(map(str, command))}\n{tail(output)}"
    return output


def follow(workshop: Workshop, own: list[str], before: Results, settled: set[str]) -> Results:
    """Update the project to the newest release, and run its own tests again.

    Args:
        workshop: The project.
        own: Its own files.
        before: Results before the update.
        settled: Tests that are expected to fail.
    """
    project = workshop.project
    texts = {path: (project / path).read_bytes() for path in own}
    report = update(project)
    results: Results = {"update": None, "update: own files": None, "update: own tests": None}
    if report.conflicts:
        results["update"] = report.to_text()
        return results
    if changed := [path for path in own if (project / path).read_bytes() != texts[path]]:
        results["update: own files"] = "\n".join(changed)
    succeed(workshop, "uv", "sync", "--frozen", "--quiet")
    results["update: make lint"] = workshop.check("make", "lint")
    after = run_tests(workshop, own_tests(own), settled)
    # What the release mends becomes green.
    if failed := {test: text for test, text in after.items() if text and not before.get(test)}:
        results["update: own tests"] = "\n\n".join(
            f"{test}\n{text}" for test, text in failed.items()
        )
    return results


def own_tests(own: list[str]) -> list[str]:
    """Files of tests.

    Args:
        own: Files of a project.
    """
    return [path for path in own if Path(path).match("tests/test_*.py")]
