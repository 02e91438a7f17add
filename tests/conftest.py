"""Fixtures of the template's tests."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.rendering import export, locked
from tests.updates.published import Generate, publish, versions
from tests.updates.published import generate as generate_release
from tools.pins import Pins
from updating.shared import Shared

# Without compiled modules, each start of a generated service takes seconds longer.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the long generated suites, so that no core is idle for minutes at the end."""
    items.sort(key=lambda item: item.get_closest_marker("generated") is None)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of a test run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def template(shared: Path) -> Path:
    """The template with uncommitted changes, in a folder without git history."""
    folder = shared / "template"
    with locked(folder):
        return folder if folder.exists() else export(folder)


@pytest.fixture(scope="session")
def published(shared: Path) -> Path:
    """The template with a tag on each release; this tree is the newest."""
    folder = shared / "published"
    with locked(folder):
        return folder if folder.exists() else publish(folder)


@pytest.fixture(scope="session")
def common(shared: Path) -> Iterator[Shared]:
    """Caches of all updates; cached renderings are shared by all processes of a test run."""
    with Shared(renders=shared / "renders") as common:
        yield common


@pytest.fixture
def generate(published: Path, common: Shared, tmp_path: Path) -> Generate:
    """Generates a project of a release."""

    def generate(
        answers: Mapping[str, Any] | None = None,
        *,
        version: str = "1.0.0",
        name: str = "project",
        template: Path = published,
    ) -> Path:
        made = tmp_path / name
        return generate_release(common, template, version, answers or {}, made)

    return generate


@pytest.fixture
def newest(published: Path) -> str:
    """The version under which this tree is published."""
    return versions(published)[-1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report the age of the pins, and the size and the time of the update matrix."""
    pins = Pins.read()
    name, day = pins.oldest()
    terminalreporter.write_line(
        f"pins: looked up on {pins.refreshed}; the oldest is {name}, released on {day}"
    )
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if "test_matrix.py::test_update[" in report.nodeid and report.when == "call"
    ]
    if reports:
        seconds = sum(report.duration for report in reports)
        terminalreporter.write_line(
            f"update matrix: {len(reports)} cells, {seconds:.0f} seconds, summed over all processes"
        )
