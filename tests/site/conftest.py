"""The site of the template, built once for all tests, and a browser."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.browser import Browser, NoBrowser, browser
from tests.rendering import ROOT, locked
from tools.site.__main__ import build


@pytest.fixture(scope="session")
def site(shared: Path) -> Path:
    """The built site."""
    folder = shared / "site"
    with locked(folder):
        if not folder.exists():
            assert build(ROOT, folder)
    return folder


@pytest.fixture
def window() -> Iterator[Browser]:
    """A window of a browser."""
    try:
        # Not in pytest's folder, because the paths of the browser's sockets must be short.
        with tempfile.TemporaryDirectory() as folder, browser(Path(folder)) as opened:
            yield opened
    except NoBrowser as error:
        pytest.fail(str(error), pytrace=False)
