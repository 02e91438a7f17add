"""What the tests of delivery have in common, and their report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.delivery.engine import Engine, NoEngine

REPORT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin an empty report."""
    config.stash[REPORT] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs an engine, so that the rest can be run without one."""
    for item in items:
        if isinstance(item, pytest.Function) and "engine" in item.fixturenames:
            item.add_marker("engine")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what was measured."""
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
    """The Docker engine; without one, the tests that need it fail and say so."""
    try:
        with TemporaryDirectory(prefix="delivery-") as folder:
            engine = Engine(Path(folder), report)
            report.append(engine.description)
            yield engine
    except NoEngine as error:
        pytest.fail(str(error), pytrace=False)
