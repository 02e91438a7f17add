"""The steps of `docs/tutorial.md`, from an empty folder to a deployed service."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path

import pytest

from tests.front_door.conftest import installed as installed
from tests.rendering import ROOT
from tests.suites import ALL_SECONDS
from tests.test_generated import BIN, clean_environment, pythons
from tests.test_generated import scratch as scratch
from tests.updates.published import IDENTITY
from tools.ports import free_port

from .page import fences, steps
from .walk import Walk

PAGE = ROOT / "docs" / "tutorial.md"
LEFT_OUT = {
    "uv tool install git+https://github.com/org/twelvestar": "the command of this tree is used",
}

pytestmark = [pytest.mark.generated, pytest.mark.timeout(ALL_SECONDS)]


def test_every_step_of_the_tutorial(installed: Path, scratch: Path) -> None:
    port = free_port()
    # Another service of these tests may have the port of the page.
    page = PAGE.read_text().replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    sections = [list(found) for _, found in groupby(steps(page), key=lambda step: step.section)]
    assert sum(map(len, sections)) == fences(page)
    walk = Walk(scratch, environment(scratch, installed, port), scratch / "log", port)
    walk.follow(sections.pop(0), LEFT_OUT)
    walk.project = scratch / "moon"
    deployment = next(found for found in sections if found[0].section == "Deploy it")
    for found in sections:
        if found is not deployment:
            walk.follow(found)
            assert not walk.run("git status --porcelain --untracked-files=no")
    *before, asking = deployment
    answer: list[str] = []
    walk.follow(before, last=lambda: answer.extend(map(walk.run, asking.commands)))
    greeting, ready = map(json.loads, answer)
    assert greeting == {"greeting": "Hello, Ada."}
    assert ready["checks"]["database"]["ok"]
    assert (scratch / "server" / "moon.db").exists()


def environment(scratch: Path, installed: Path, port: int) -> dict[str, str]:
    """Environment variables, with the command `twelvestar` of this tree on the path.

    Args:
        scratch: A folder.
        installed: Folder with the package.
        port: Port of the service.
    """
    command = scratch / "bin" / "twelvestar"
    command.parent.mkdir()
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH={installed} exec {sys.executable} -m twelvestar "$@"\n'
    )
    command.chmod(0o755)
    (scratch / "tmp").mkdir()
    clean = clean_environment()
    return {
        **clean,
        **IDENTITY,
        "PATH": f"{command.parent}:{BIN}:{clean['PATH']}",
        "TMPDIR": str(scratch / "tmp"),
        "UV_PYTHON": list(pythons().values())[-1],
        "PORT": str(port),
    }
