"""Fixtures of the delivery tests, and their report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.delivery.engine import Engine, NoEngine

REPORT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Create an empty report."""
    config.stash[REPORT] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need an engine, so that the others can be run without one."""
    for item in items:
        if isinstance(item, pytest.Function) and "engine" in item.fixturenames:
            item.add_marker("engine")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print measurements."""
    lines = config.stash[REPORT]
    if lines:
        terminalreporter.section("delivery")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> list[str]:
    """Lines that are printed at the end."""
    return pytestconfig.stash[REPORT]


@pytest.fixture(scope="session")
def engine(report: list[str]) -> Iterator[Engine]:
    """The Docker engine; without one, tests that need it fail with a message."""
    try:
        with TemporaryDirectory(prefix="delivery-") as folder:
            engine = Engine(Path(folder), report)
            report.append(engine.description)
            yield engine
    except NoEngine as error:
        pytest.fail(str(error), pytrace=False)
