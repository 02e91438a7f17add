"""Every variant's Compose files, Dockerfile and Procfile are valid for their tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from tests.delivery.engine import Compose, Engine
from tests.rendering import answer_sets, render

pytestmark = pytest.mark.delivery

VARIANTS: dict[str, dict[str, Any]] = {
    **{name: {**answers, "container": True} for name, answers in answer_sets().items()},
    "tokens": {"database": "mysql", "authentication": "jwt", "secrets": "files"},
    "vault": {"secrets": "vault"},
}


@pytest.fixture(params=VARIANTS)
def project(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Path:
    return render(template, tmp_path / "project", VARIANTS[request.param])


@pytest.mark.parametrize(
    "names", [["compose.yaml", "compose.override.yaml"], ["compose.prod.yaml"]]
)
def test_compose_accepts_the_files(names: list[str], project: Path, engine: Engine) -> None:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    compose = Compose(engine, project, [project / name for name in names], IMAGE="image:1")
    found = yaml.safe_load(compose.ok("config"))
    wanted = set(answers["processes"].split("-and-"))
    own = {name for name, service in found["services"].items() if service.get("read_only")}
    migrates = {"release" if "compose.prod.yaml" in names else "migrate"}
    has_proxy = "compose.prod.yaml" in names and answers.get("proxy") == "caddy"
    proxies = {"proxy"} if has_proxy else set()
    assert own == wanted | proxies | (migrates if answers["database"] != "none" else set())
    for name in own:
        assert found["services"][name]["cap_drop"] == ["ALL"]
    for name in own - proxies:
        service = found["services"][name]
        assert service["command"][0] == ("db" if name in migrates else name)
    names_of_volumes = set(found.get("volumes", {}))
    assert names_of_volumes == {
        volume["source"]
        for service in found["services"].values()
        for volume in service.get("volumes", [])
        if volume["type"] == "volume"
    }


def test_a_dockerfile_is_parsed_as_intended(project: Path) -> None:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    parser = DockerfileParser(path=str(project), cache_content=False)
    labels = parser.labels
    assert labels["org.opencontainers.image.title"] == answers["project_name"]
    assert labels["org.opencontainers.image.description"] == answers["description"]
    [entry] = [
        json.loads(step["value"])
        for step in parser.structure
        if step["instruction"] == "ENTRYPOINT"
    ]
    assert entry == [answers["distribution_name"]]
