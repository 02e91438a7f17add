"""Grown services that turn parts on by an update, and off again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.bytecode import shared_bytecode
from tests.suites import ALL_SECONDS, ALL_TESTS
from tests.test_generated import scratch as scratch
from tests.updates.published import commit_all, versions
from updating.git import Git
from updating.update import update

from .checks import red, run_checks, run_tests
from .test_grown import grown, own_tests, succeed

pytestmark = [pytest.mark.generated, pytest.mark.thorough, pytest.mark.timeout(3 * ALL_SECONDS)]


@pytest.mark.parametrize(
    ("variant", "part"),
    [
        ("standard", {"mail": "smtp"}),
        ("parts/authentication_jwt", {"mail": "smtp"}),
        ("sqlite", {"authentication": "session", "mail": "smtp"}),
    ],
    ids=["mail", "account_mails", "users_and_mail"],
)
def test_a_grown_service_turns_a_part_on_and_off(
    variant: str, part: dict[str, str], published: Path, scratch: Path, shared: Path
) -> None:
    """On, its own and the shipped tests pass; off, each file is as before."""
    workshop, own = grown(variant, published, versions(published)[-1], scratch)
    project = workshop.project
    before = Git(project).text("rev-parse", "HEAD")

    on = update(project, data=part)
    assert not on.conflicts, on.to_text()
    succeed(workshop, "uv", "sync", "--frozen", "--quiet")
    commit_all(project, "Turn it on")
    with shared_bytecode(project / ".venv", shared):
        assert not red(run_tests(workshop, ALL_TESTS) | run_checks(workshop))

    off = update(project, data=dict.fromkeys(part, "none"))
    assert not off.conflicts, off.to_text()
    commit_all(project, "Turn it off")
    # uv divides its lock file by the versions of Python that it has seen at any time.
    assert not Git(project).text("diff", "--name-only", before, "--", ":!uv.lock")
    assert locked(project, "HEAD") == locked(project, before)
    succeed(workshop, "uv", "sync", "--frozen", "--quiet")
    assert not red(run_tests(workshop, own_tests(own)))


def locked(project: Path, commit: str) -> set[tuple[str, str]]:
    """Names and versions of the locked packages.

    Args:
        project: The project.
        commit: The commit whose lock file is read.
    """
    lock = tomllib.loads(Git(project).text("show", f"{commit}:uv.lock"))
    return {(each["name"], each.get("version", "")) for each in lock["package"]}
