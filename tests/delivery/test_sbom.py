"""The bill of materials lists the contents of the lock file."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from .tools import generated, must, run

FORMAT = {"bomFormat": "CycloneDX", "specVersion": "1.5"}
EXPORT = ("uv", "export", "--quiet", "--locked", "--format", "cyclonedx1.5")


@pytest.fixture
def project(template: Path, shared: Path, tmp_path: Path) -> Path:
    copy = shutil.copytree(generated(template, shared, "github-full"), tmp_path / "project")
    must("uv", "lock", "--quiet", folder=copy)
    return copy


def packages(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["name"], each["version"]) for each in document["components"]}


def locked_packages(project: Path) -> list[dict[str, Any]]:
    document = tomllib.loads((project / "uv.lock").read_text())
    found: list[dict[str, Any]] = document["package"]
    return found


def released(project: Path) -> set[tuple[str, str]]:
    """Locked packages of the service, without its development dependencies."""
    locked = locked_packages(project)
    ahead: list[dict[str, Any]] = [{"name": "orbit"}]
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    while ahead:
        wanted = ahead.pop()
        # A dependency only has a version if several are locked, for different Pythons.
        [package] = [
            each
            for each in locked
            if each["name"] == wanted["name"]
            and each["version"] == wanted.get("version", each["version"])
        ]
        extras = wanted.get("extra", [])
        here = (package["name"], package["version"], tuple(extras))
        if here in seen:
            continue
        seen.add(here)
        ahead += package.get("dependencies", [])
        for extra in extras:
            ahead += package.get("optional-dependencies", {}).get(extra, [])
    return {(name, version) for name, version, _ in seen if name != "orbit"}


def test_it_lists_the_packages_of_a_release(project: Path) -> None:
    must("make", "sbom", folder=project)
    document = json.loads((project / "build" / "sbom.cdx.json").read_text())
    assert FORMAT.items() <= document.items()
    assert document["metadata"]["component"]["name"] == "orbit"
    assert packages(document) == released(project)
    assert len(packages(document)) > 10
    assert not {"pytest", "ruff"} & {name for name, _ in packages(document)}
    for component in document["components"]:
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"


def test_with_all_groups_it_lists_the_whole_lock_file(project: Path) -> None:
    document = json.loads(must(*EXPORT, "--all-groups", folder=project))
    everything = {
        (package["name"], package["version"])
        for package in locked_packages(project)
        if package["name"] != "orbit"
    }
    assert packages(document) == everything > released(project)


def test_a_stale_lock_file_is_refused(project: Path) -> None:
    declaration = project / "pyproject.toml"
    declaration.write_text(declaration.read_text().replace('    "msgspec>=0.22",\n', ""))
    done = run("make", "sbom", folder=project)
    assert done.returncode != 0
    assert "uv.lock" in done.stdout
    assert not (project / "build" / "sbom.cdx.json").exists()
