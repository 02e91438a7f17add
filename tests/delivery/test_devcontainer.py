"""The configuration of the dev container fits its schema, and the editor's settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.rendering import render

pytestmark = pytest.mark.delivery

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "devcontainer.json").read_text())
ANSWERS: dict[str, dict[str, Any]] = {
    "complete": {"preset": "complete"},
    "mysql": {"preset": "complete", "database": "mysql"},
    "worker": {"preset": "complete", "processes": "worker", "database": "none"},
    "odd-names": {"preset": "complete", "project_name": 'A "quoted" \\ {{ name }} 🚀'},
}


@pytest.fixture(params=ANSWERS)
def project(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Path:
    return render(template, tmp_path / "project", ANSWERS[request.param])


def devcontainer(project: Path) -> dict[str, Any]:
    found = json.loads((project / ".devcontainer" / "devcontainer.json").read_text())
    assert isinstance(found, dict)
    return found


def check(found: dict[str, Any]) -> None:
    jsonschema.validate(found, SCHEMA, jsonschema.Draft201909Validator)


def test_the_devcontainer_fits_its_schema(project: Path) -> None:
    check(devcontainer(project))


@pytest.mark.parametrize(
    "planted", [{"forwardPorts": "8000"}, {"postCreate": "uv sync"}, {"containerEnv": ["A=1"]}]
)
def test_the_schema_detects(planted: dict[str, Any], template: Path, tmp_path: Path) -> None:
    found = devcontainer(render(template, tmp_path / "project", ANSWERS["complete"]))
    with pytest.raises(jsonschema.ValidationError):
        check({**found, **planted})


def test_editor_and_container_recommend_the_same_extensions(project: Path) -> None:
    inside = devcontainer(project)["customizations"]["vscode"]["extensions"]
    recommended = json.loads((project / ".vscode" / "extensions.json").read_text())
    assert recommended == {"recommendations": inside}
    settings = json.loads((project / ".vscode" / "settings.json").read_text())
    assert settings["[python]"]["editor.defaultFormatter"] in inside
    assert settings["python.defaultInterpreterPath"].endswith("/.venv/bin/python")
