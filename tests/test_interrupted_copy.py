"""An interrupted copy restores the destination, no matter when it is interrupted."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.rendering import ROOT

pytestmark = pytest.mark.slow

COPIER = Path(sys.executable).with_name("copier")
# A `uv` that starts to lock, and does not finish before the signal.
SLOW_UV = """#!/bin/sh
echo half > uv.lock
touch "$LOCKING"
sleep 60
"""
SECONDS = 60


@pytest.fixture
def existing(tmp_path: Path) -> Path:
    folder = tmp_path / "existing"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("[core]\n")
    (folder / "docs").mkdir()
    (folder / "docs" / "mine.md").write_text("mine\n")
    return folder


def listing(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def interrupted(
    template: Path, destination: Path, number: signal.Signals, *, locking: bool
) -> tuple[int, str]:
    """Start a copy, send it a signal while it renders or locks, and wait for its end."""
    beside = destination.parent
    tools = beside / "bin"
    tools.mkdir()
    (tools / "uv").write_text(SLOW_UV)
    (tools / "uv").chmod(0o755)
    begun = beside / "locking" if locking else destination / "pyproject.toml"
    command: list[str | Path] = [
        COPIER,
        "copy",
        "--trust",
        "--defaults",
        "--quiet",
        template,
        destination,
    ]
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "LOCKING": str(beside / "locking"),
    }
    copy = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + SECONDS
    while not begun.exists():
        assert copy.poll() is None, copy.stderr and copy.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    if number == signal.SIGINT:
        # A terminal sends it to all processes in the foreground.
        os.killpg(copy.pid, number)
    else:
        copy.send_signal(number)
    try:
        _, errors = copy.communicate(timeout=SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(copy.pid, signal.SIGKILL)
    return copy.returncode, errors


@pytest.mark.parametrize("locking", [False, True], ids=["rendering", "locking"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_a_new_folder_is_removed(
    template: Path, tmp_path: Path, number: signal.Signals, locking: bool
) -> None:
    destination = tmp_path / "new"
    status, errors = interrupted(template, destination, number, locking=locking)
    assert status == 1
    said = re.sub(r"\x1b\[\d+m", "", errors).splitlines()
    assert said[int(locking) :] == ["Execution stopped by user"]
    assert not destination.exists()


@pytest.mark.parametrize("locking", [False, True], ids=["rendering", "locking"])
def test_an_existing_folder_is_restored(template: Path, existing: Path, locking: bool) -> None:
    before = listing(existing)
    status, errors = interrupted(template, existing, signal.SIGINT, locking=locking)
    assert status == 1
    assert "Traceback" not in errors
    assert listing(existing) == before


CATCHES_EXCEPTIONS = """
import signal

from jinja2.ext import Extension


def interrupted(number: int) -> str:
    try:
        signal.raise_signal(number)
    except Exception:
        pass
    return "not interrupted"


class Catches(Extension):
    def __init__(self, environment):
        super().__init__(environment)
        environment.filters["interrupted"] = interrupted
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_code_that_catches_exceptions_does_not_catch_an_interrupt(
    tmp_path: Path, number: signal.Signals
) -> None:
    template, destination = tmp_path / "template", tmp_path / "new"
    (template / "extensions").mkdir(parents=True)
    shutil.copy(ROOT / "extensions" / "interrupts.py", template / "extensions")
    (template / "extensions" / "catches.py").write_text(CATCHES_EXCEPTIONS)
    (template / "copier.yml").write_text(
        "_jinja_extensions:\n"
        "  - copier_template_extensions.TemplateExtensionLoader\n"
        "  - extensions/interrupts.py:CleanInterrupt\n"
        "  - extensions/catches.py:Catches\n"
    )
    (template / "first.txt.jinja").write_text(f"{{{{ {number} | interrupted }}}}\n")
    copy = subprocess.run(
        [COPIER, "copy", "--trust", "--quiet", template, destination],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert copy.returncode == 1, copy.stderr
    assert "Execution stopped by user" in copy.stderr
    assert not destination.exists()
