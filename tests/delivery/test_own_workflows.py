"""The workflows of this repository are valid, pinned, and work."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rendering import ROOT

from .test_workflows import GITHUB_VALIDATORS, WORKFLOWS, validate
from .tools import must

FILES = sorted((ROOT / WORKFLOWS).iterdir())


@pytest.mark.parametrize("validator", GITHUB_VALIDATORS)
def test_validators_accept_them(validator: str) -> None:
    status, said = validate(ROOT, validator)
    assert status == 0, said


def test_actions_are_pinned_by_commit_with_one_version() -> None:
    pins: dict[str, str] = {}
    for path in FILES:
        for action, pin in re.findall(r"uses: (\S+?)@(.+)", path.read_text()):
            assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), f"{path.name}: {action}"
            assert pins.setdefault(action, pin) == pin, f"{path.name}: {action}"


def step(file: str, job: str, name: str) -> str:
    steps: list[dict[str, Any]] = yaml.safe_load((ROOT / WORKFLOWS / file).read_text())["jobs"][
        job
    ]["steps"]
    return next(str(each["run"]) for each in steps if each["name"] == name)


@pytest.mark.parametrize("previous", ["none", "without versions", "complete"])
def test_the_last_good_versions_come_from_the_previous_run(previous: str, tmp_path: Path) -> None:
    """The unchanged step, with a stand-in for `gh`."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "newest.json").write_text('"committed"')
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "words = sys.argv[1:]\n"
        "if words[1] == 'list':\n"
        f"    print({'' if previous == 'none' else '7'!r})\n"
        "else:\n"
        "    assert words[2:5] == ['7', '--name', 'newest-macos-15-3.13'], words\n"
        f"    if {previous != 'complete'}: sys.exit(1)\n"
        "    pathlib.Path(words[-1], 'good.json').write_text('\"previous\"')\n"
    )
    gh.chmod(0o755)
    name = "Read the last good versions of the previous run"
    must(
        *("bash", "-euo", "pipefail", "-c", step("newest.yml", "test", name)),
        folder=tmp_path,
        PATH=f"{gh.parent}:/usr/bin:/bin",
        NAME="newest-macos-15-3.13",
    )
    expected = "previous" if previous == "complete" else "committed"
    assert json.loads((tmp_path / "build" / "last" / "good.json").read_text()) == expected


def test_the_report_is_what_the_issues_are_made_from() -> None:
    """The paths of the uploading job, of `make test-newest`, and of the last job agree."""
    text = (ROOT / WORKFLOWS / "newest.yml").read_text()
    assert "path: build/newest/" in text
    assert "build/newest/good.json" in text
    publishing = step("newest.yml", "report", "Open or update an issue for each cause")
    assert "tools.newest.publish build/reports/*/report.json" in publishing
