"""Dependency updates: only one side updates a pin, and the bots accept their configuration."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import json5
import pytest
import yaml

from tests.rendering import locked
from tests.updates.published import commit_all

from .tools import generated, must, run

RENOVATE = "44.121.2"
RENOVATE_SCHEMA = ["check-jsonschema", "--builtin-schema", "renovate", "renovate.json5"]
DEPENDABOT_SCHEMA = ["check-jsonschema", "--builtin-schema", "dependabot"]
DEPENDABOT = ".github/dependabot.yml"


@pytest.fixture(params=["github-full", "gitlab-plain"])
def renovated(request: pytest.FixtureRequest, template: Path, shared: Path) -> Path:
    return generated(template, shared, request.param)


@pytest.fixture(params=["gitlab-full", "github-plain"])
def dependabot(request: pytest.FixtureRequest, template: Path, shared: Path) -> Path:
    return generated(template, shared, request.param)


def pinned_files(project: Path) -> set[str]:
    """Files of the template with pins that a bot would update."""
    workflows = {f".github/workflows/{p.name}" for p in project.glob(".github/workflows/*")}
    scripts = {
        f"scripts/{path.name}"
        for path in project.glob("scripts/*.py")
        if "# /// script" in path.read_text()
    }
    others = {".devcontainer/devcontainer.json", ".gitlab-ci.yml", ".python-version"}
    return workflows | scripts | {name for name in others if (project / name).exists()}


def renovate_config(project: Path) -> dict[str, Any]:
    config: dict[str, Any] = json5.loads((project / "renovate.json5").read_text())
    return config


def rules(project: Path, manager: str) -> dict[str, Any]:
    """The rules for all dependencies that a manager finds."""
    said: dict[str, Any] = {}
    for rule in renovate_config(project)["packageRules"]:
        if manager in rule["matchManagers"] and "matchUpdateTypes" not in rule:
            said |= rule
    return said


def test_renovate_accepts_the_schema(renovated: Path) -> None:
    must(*RENOVATE_SCHEMA, folder=renovated)


def test_the_schema_of_renovate_detects_an_error(renovated: Path, tmp_path: Path) -> None:
    text = (renovated / "renovate.json5").read_text()
    (tmp_path / "renovate.json5").write_text(text.replace('"in-range-only"', '"in-range"'))
    done = run(*RENOVATE_SCHEMA, folder=tmp_path)
    assert done.returncode != 0
    assert "in-range" in done.stdout


def test_dependabot_accepts_the_schema(dependabot: Path) -> None:
    must(*DEPENDABOT_SCHEMA, DEPENDABOT, folder=dependabot)


def test_the_schema_of_dependabot_detects_an_error(dependabot: Path, tmp_path: Path) -> None:
    text = (dependabot / DEPENDABOT).read_text()
    (tmp_path / "dependabot.yml").write_text(text.replace("weekly", "sometimes"))
    done = run(*DEPENDABOT_SCHEMA, "dependabot.yml", folder=tmp_path)
    assert done.returncode != 0
    assert "sometimes" in done.stdout


def test_renovate_leaves_the_templates_pins(renovated: Path) -> None:
    config = renovate_config(renovated)
    assert pinned_files(renovated) <= set(config["ignorePaths"])
    # It would run `copier update`, and lose edits that `make update` keeps.
    assert config["copier"] == {"enabled": False}
    assert rules(renovated, "pep621")["rangeStrategy"] == "in-range-only"


def test_renovate_only_updates_digests_of_images(template: Path, shared: Path) -> None:
    project = generated(template, shared, "github-full")
    assert rules(project, "dockerfile")["pinDigests"] is True
    off = [
        rule for rule in renovate_config(project)["packageRules"] if rule.get("enabled") is False
    ]
    assert [set(rule["matchUpdateTypes"]) for rule in off] == [{"major", "minor", "patch"}]
    without = generated(template, shared, "gitlab-plain")
    assert rules(without, "dockerfile") == {}


def test_dependabot_leaves_the_templates_pins(dependabot: Path) -> None:
    updates = yaml.safe_load((dependabot / DEPENDABOT).read_text())["updates"]
    by_name = {update["package-ecosystem"]: update for update in updates}
    assert by_name.keys() == {"uv", "github-actions"}
    assert by_name["uv"]["versioning-strategy"] == "lockfile-only"
    workflows = {name for name in pinned_files(dependabot) if name.startswith(".github/")}
    assert set(by_name["github-actions"].get("exclude-paths", [])) == workflows


# Renovate itself, which takes a minute to install


@pytest.fixture(scope="session")
def renovate(shared: Path) -> Path:
    """The folder with Renovate's commands."""
    folder = shared / "renovate"
    folder.mkdir(exist_ok=True)
    refused = folder / "refused"
    with locked(folder / "installed"):
        if not (folder / "node_modules").exists() and not refused.exists():
            # Its install scripts only download optional accelerations.
            options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
            done = run("npm", "install", *options, f"renovate@{RENOVATE}", folder=folder)
            if done.returncode:
                shutil.rmtree(folder / "node_modules", ignore_errors=True)
                refused.write_text(done.stdout)
    if refused.exists():
        pytest.skip(
            f"Renovate is NOT run, because npm cannot install it here: {refused.read_text()}"
        )
    return folder / "node_modules" / ".bin"


@pytest.mark.delivery
@pytest.mark.thorough
def test_renovates_own_validator_accepts_the_configuration(renovated: Path, renovate: Path) -> None:
    validator = renovate / "renovate-config-validator"
    said = must(validator, "--strict", "--no-global", "renovate.json5", folder=renovated)
    assert "Config validated successfully" in said


@pytest.mark.delivery
@pytest.mark.thorough
def test_renovates_own_validator_detects_an_error(
    renovated: Path, renovate: Path, tmp_path: Path
) -> None:
    text = (renovated / "renovate.json5").read_text()
    (tmp_path / "renovate.json5").write_text(text.replace("ignorePaths", "ignorePath"))
    validator = renovate / "renovate-config-validator"
    done = run(validator, "--strict", "--no-global", "renovate.json5", folder=tmp_path)
    assert done.returncode != 0
    assert "Invalid configuration option: ignorePath" in done.stdout


@pytest.mark.delivery
@pytest.mark.thorough
def test_renovate_finds_locked_and_added_dependencies_only(
    template: Path, shared: Path, renovate: Path, tmp_path: Path
) -> None:
    project = shutil.copytree(generated(template, shared, "github-full"), tmp_path / "project")
    # Without a lock file, it would assume that the project uses Poetry.
    must("uv", "lock", "--quiet", folder=project)
    mine = project / ".github" / "workflows" / "mine.yml"
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n"
        "      - uses: actions/checkout@v6\n"
    )
    commit_all(project)
    said = must(
        renovate / "renovate",
        folder=project,
        LOG_FORMAT="json",
        LOG_LEVEL="debug",
        RENOVATE_DRY_RUN="extract",
        RENOVATE_PLATFORM="local",
        RENOVATE_BASE_DIR=str(tmp_path / "renovate"),
    )
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    found = next(line["packageFiles"] for line in lines if line["msg"] == "Extracted dependencies")
    places = {manager: {file["packageFile"] for file in files} for manager, files in found.items()}
    # For these, it only updates digests.
    images = {"dockerfile", "docker-compose"}
    assert {manager: files for manager, files in places.items() if manager not in images} == {
        "github-actions": {".github/workflows/mine.yml"},
        "pep621": {"pyproject.toml"},
    }
    declared = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    seen = {dep["depName"] for file in found["pep621"] for dep in file["deps"]}
    assert {re.split(r"[\[<>=]", item)[0] for item in declared} <= seen
