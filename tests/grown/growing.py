"""Turns a generated project into a grown service: what a team has after a month."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .composing import compose

OVERLAY = Path(__file__).with_name("overlay")
# Name of the package in the overlay's files.
PACKAGE = "orbit"
DEPENDENCY = "humanize>=4"

Run = Callable[..., str]


def layers(answers: Mapping[str, Any]) -> list[str]:
    """Folders of the overlay that fit a project.

    Args:
        answers: The project's recorded answers.
    """
    fitting = {
        "always": True,
        "database": answers.get("database", "none") != "none",
        "postgresql": answers.get("database") == "postgresql",
        "users": answers.get("authentication", "none") != "none",
        "worker": "worker" in answers.get("processes", ""),
    }
    return [layer for layer, fits in fitting.items() if fits]


def recorded(project: Path) -> dict[str, Any]:
    """Answers that a project was generated from.

    Args:
        project: The project.
    """
    answers: dict[str, Any] = yaml.safe_load((project / ".copier-answers.yml").read_text())
    return answers


def grow(project: Path, run: Run) -> list[str]:
    """Add what a team adds in a month, as the team would: files, edits, a package, the example.

    Args:
        project: A generated project, with its environment.
        run: Runs a command in it, and returns its output.

    Returns:
        Paths of the files that the team added.
    """
    answers = recorded(project)
    package = answers["package_name"]
    chosen = layers(answers)
    own = [path for layer in chosen for path in lay(OVERLAY / layer, project, package)]
    compose(project, package, chosen)
    run("uv", "add", "--quiet", DEPENDENCY)
    example = run(f".venv/bin/{answers['distribution_name']}", "config", "--example")
    (project / ".env.example").write_text(example)
    run(".venv/bin/ruff", "check", "--fix-only", "--quiet", "src", "tests")
    run(".venv/bin/ruff", "format", "--quiet", "src", "tests")
    return own


def lay(layer: Path, project: Path, package: str) -> list[str]:
    """Copy a layer of the overlay into a project, under the name of its package.

    Args:
        layer: The layer.
        project: The project.
        package: Name of its package.

    Returns:
        Paths of the files in the project.
    """
    paths = []
    for source in sorted(layer.rglob("*.*")):
        path = str(source.relative_to(layer)).replace(f"src/{PACKAGE}/", f"src/{package}/")
        target = project / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(re.sub(rf"\b{PACKAGE}\b", package, source.read_text()))
        paths.append(path)
    return paths
