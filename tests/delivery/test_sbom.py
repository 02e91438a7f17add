"""The bill of materials: what it lists is what the lock file has."""

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


def locked_packages(project: Path) -> dict[str, dict[str, Any]]:
    document = tomllib.loads((project / "uv.lock").read_text())
    names = [package["name"] for package in document["package"]]
    assert len(names) == len(set(names)), "a package is locked in two versions"
    return {package["name"]: package for package in document["package"]}


def released(project: Path) -> set[tuple[str, str]]:
    """What the lock file has for the service itself, without its development dependencies."""
    known = locked_packages(project)
    ahead: list[tuple[str, tuple[str, ...]]] = [("orbit", ())]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while ahead:
        name, extras = here = ahead.pop()
        if here in seen:
            continue
        seen.add(here)
        package = known[name]
        wanted = list(package.get("dependencies", []))
        for extra in extras:
            wanted += package.get("optional-dependencies", {}).get(extra, [])
        ahead += [(each["name"], tuple(each.get("extra", []))) for each in wanted]
    return {(name, known[name]["version"]) for name, _ in seen if name != "orbit"}


def test_it_lists_what_a_release_is_made_of(project: Path) -> None:
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
        (name, package["version"])
        for name, package in locked_packages(project).items()
        if name != "orbit"
    }
    assert packages(document) == everything > released(project)


def test_a_stale_lock_file_is_refused(project: Path) -> None:
    declaration = project / "pyproject.toml"
    declaration.write_text(declaration.read_text().replace('    "msgspec>=0.22",\n', ""))
    done = run("make", "sbom", folder=project)
    assert done.returncode != 0
    assert "uv.lock" in done.stdout
    assert not (project / "build" / "sbom.cdx.json").exists()
