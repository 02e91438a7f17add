"""Workflows of the fleet that people copy: valid, pinned, and with few permissions.

These tests do not use GitHub or GitLab: the files are only checked by linters and schemas.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rendering import ROOT

from .test_workflows import GITHUB_VALIDATORS, GITLAB_SCHEMA, WORKFLOWS, validate
from .tools import must, run, with_repository

EXAMPLES = ROOT / "docs" / "examples" / "fleet"
PINNED = re.compile(r"uses: ([\w-]+/[\w-]+)\S*@([0-9a-f]{40} # v\d+\.\d+\.\d+)$", re.MULTILINE)


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """A repository of a platform team with all copied files."""
    folder = tmp_path / "platform"
    (folder / WORKFLOWS).mkdir(parents=True)
    shutil.copy(EXAMPLES / "fleet.yml", folder / WORKFLOWS)
    shutil.copy(EXAMPLES / "fleet.toml", folder)
    shutil.copy(EXAMPLES / "fleet.gitlab-ci.yml", folder / ".gitlab-ci.yml")
    return with_repository(folder)


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow()["jobs"]["update"]["steps"]
    return found


def workflow() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / "fleet.yml").read_text())
    return found


def pipeline() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / "fleet.gitlab-ci.yml").read_text())
    return found


@pytest.mark.parametrize("validator", GITHUB_VALIDATORS)
def test_validators_accept_the_workflow_to_copy(platform: Path, validator: str) -> None:
    status, said = validate(platform, validator)
    assert status == 0, said


def test_gitlab_accepts_the_pipeline_to_copy(platform: Path) -> None:
    must(*GITLAB_SCHEMA, folder=platform)


def test_an_error_in_the_pipeline_to_copy_is_detected(platform: Path) -> None:
    path = platform / ".gitlab-ci.yml"
    path.write_text(path.read_text().replace("exit_codes:", "exit_code:"))
    done = run(*GITLAB_SCHEMA, folder=platform)
    assert done.returncode != 0
    assert "exit_code" in done.stdout


def test_actions_are_pinned_as_in_the_template() -> None:
    text = (EXAMPLES / "fleet.yml").read_text()
    pins = dict(PINNED.findall(text))
    assert text.count("uses:") == len(PINNED.findall(text))
    own = "".join(
        path.read_text() for path in sorted((ROOT / "template" / WORKFLOWS).glob("*.yml*"))
    )
    shared = {action: pin for action, pin in PINNED.findall(own) if action in pins}
    assert set(pins) - set(shared) == {"actions/cache"}
    assert pins.items() >= shared.items()
    uv = re.search(r"version: ([\d.]+)\n", own)
    assert uv
    assert f"version: {uv[1]}\n" in text
    assert f"astral/uv:{uv[1]}-" in (EXAMPLES / "fleet.gitlab-ci.yml").read_text()


def test_only_the_update_step_has_the_token() -> None:
    job = workflow()["jobs"]["update"]
    assert (workflow()["permissions"], job["permissions"]) == ({}, {"contents": "read"})
    assert job["environment"] == "fleet"
    holders = [step["name"] for step in steps() if "secrets." in str(step)]
    assert holders == ["Update"]
    assert pipeline()["fleet"]["environment"]["name"] == "fleet"


@pytest.mark.parametrize(("status", "fails"), [(0, False), (2, False), (1, True), (4, True)])
def test_conflicts_are_not_a_failure(tmp_path: Path, status: int, fails: bool) -> None:
    command = next(step["run"] for step in steps() if step["name"] == "Update")
    program = tmp_path / "twelvestar"
    program.write_text(f"#!/bin/sh\nexit {status}\n")
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-c", command], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False
    )
    assert bool(done.returncode) == fails
    assert pipeline()["fleet"]["allow_failure"] == {"exit_codes": [2]}


def test_report_and_state_are_stored_even_after_a_failure() -> None:
    text = (EXAMPLES / "fleet.yml").read_text()
    after = text[text.index("name: Report") :]
    assert after.count("if: ${{ !cancelled() }}") == after.count("- name:") + 1 == 3
    job = pipeline()["fleet"]
    assert (job["cache"]["when"], job["artifacts"]["when"]) == ("always", "always")
