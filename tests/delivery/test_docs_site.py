"""The docs site of a generated project builds in strict mode, and contains all settings."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rendering import locked, render

pytestmark = [pytest.mark.delivery, pytest.mark.timeout(300)]

MKDOCS = Path(sys.executable).with_name("mkdocs")
ANSWERS: dict[str, dict[str, Any]] = {
    "complete": {"preset": "complete"},
    "standard": {"preset": "standard", "docs_site": True},
    "minimal": {"preset": "minimal", "docs_site": True},
    "worker": {"preset": "complete", "processes": "worker", "database": "none"},
    "odd-names": {
        "preset": "complete",
        "project_name": 'A "quoted" \\ {{ name }} 🚀',
        "package_name": "odd",
        "description": 'It\'s: [a] # "b" - *c* <d> & ${e}',
        "repository_namespace": "ada",
    },
}


@pytest.fixture
def project(template: Path, shared: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Generates a project that the test may change."""
    parent = shared / "sites"
    parent.mkdir(exist_ok=True)

    def make(name: str) -> Path:
        folder = parent / name
        with locked(folder):
            if not folder.exists():
                render(template, folder, ANSWERS[name])
        return Path(shutil.copytree(folder, tmp_path / name))

    return make


def build(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MKDOCS, "build"],
        cwd=project,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ANSWERS)
def test_the_site_is_built_and_shows_every_setting(
    name: str, project: Callable[[str], Path]
) -> None:
    folder = project(name)
    done = build(folder)
    assert done.returncode == 0, done.stderr
    site = folder / "build" / "site"
    for page in (folder / "docs").rglob("*.md"):
        built = page.relative_to(folder / "docs").with_suffix("")
        assert (site / (built.parent if built.name == "index" else built) / "index.html").is_file()
    text = (site / "configuration" / "index.html").read_text()
    rows = dict(re.findall(r"<tr>\s*<td><code>([A-Z0-9_]+)</code></td>\s*<td>(.*?)</td>", text))
    plain = {key: html.unescape(re.sub(r"</?code>", "`", row)) for key, row in rows.items()}
    assert plain == meanings(folder)


def meanings(project: Path) -> dict[str, str]:
    """Descriptions of settings in .env.example."""
    text = (project / ".env.example").read_text()
    found = re.findall(r"^# (.*)\n# .*\n#([A-Z0-9_]+)=", text, re.MULTILINE)
    assert len(found) > 8
    return {name: meaning for meaning, name in found}


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ("[gone](gone.md)", "gone.md"),
        ("[gone](running.md#gone)", "gone"),
        ("[gone](/running/)", "absolute"),
    ],
)
def test_a_broken_link_fails(planted: str, says: str, project: Callable[[str], Path]) -> None:
    folder = project("minimal")
    with (folder / "docs" / "operations.md").open("a") as page:
        page.write(f"\n{planted}\n")
    done = build(folder)
    assert done.returncode != 0
    assert says in done.stderr


def test_a_missing_page_of_the_navigation_fails(project: Callable[[str], Path]) -> None:
    folder = project("minimal")
    (folder / "docs" / "python.md").unlink()
    done = build(folder)
    assert done.returncode != 0
    assert "python.md" in done.stderr
