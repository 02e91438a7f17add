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
# The successor of Material for MkDocs: docs/decisions/0041-the-documentation-site.md.
ZENSICAL = Path(sys.executable).with_name("zensical")
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

WITH_EXAMPLE = {"complete", "standard", "odd-names"}


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
    assert ('href="example/"' in (site / "index.html").read_text()) == (name in WITH_EXAMPLE)
    text = (site / "configuration" / "index.html").read_text()
    rows = dict(re.findall(r"<tr>\s*<td><code>([A-Z0-9_]+)</code></td>\s*<td>(.*?)</td>", text))
    plain = {key: html.unescape(re.sub(r"</?code>", "`", row)) for key, row in rows.items()}
    assert plain == meanings(folder)


def test_the_page_of_the_example_can_be_deleted(project: Callable[[str], Path]) -> None:
    folder = project("standard")
    (folder / "docs" / "example.md").unlink()
    done = build(folder)
    assert done.returncode == 0, done.stderr


def meanings(project: Path) -> dict[str, str]:
    """Descriptions of settings in .env.example."""
    text = (project / ".env.example").read_text()
    found = re.findall(r"^# (.*)\n# .*\n#([A-Z0-9_]+)=", text, re.MULTILINE)
    assert len(found) > 8
    return {name: meaning for meaning, name in found}


@pytest.mark.parametrize("name", ANSWERS)
def test_its_successor_builds_the_same_pages(name: str, project: Callable[[str], Path]) -> None:
    folder = project(name)
    assert build(folder).returncode == 0
    site = folder / "build" / "site"
    expected = headings(site)
    shutil.rmtree(site)
    done = build_with_successor(folder)
    assert done.returncode == 0, done.stderr
    assert headings(site) == expected
    text = (site / "configuration" / "index.html").read_text()
    for setting in meanings(folder):
        assert f"<td><code>{setting}</code></td>" in text


@pytest.mark.parametrize("planted", ["[gone](gone.md)", "[gone](running.md#gone)", None])
def test_its_successor_refuses_what_is_broken(
    planted: str | None, project: Callable[[str], Path]
) -> None:
    folder = project("minimal")
    if planted is None:
        (folder / "docs" / "python.md").unlink()
    else:
        with (folder / "docs" / "operations.md").open("a") as page:
            page.write(f"\n{planted}\n")
    done = build_with_successor(folder)
    assert done.returncode != 0
    assert "does not exist" in done.stderr


def build_with_successor(project: Path) -> subprocess.CompletedProcess[str]:
    """Build with Zensical, which ignores hooks, so that the table of settings is written first."""
    insert = (
        "from pathlib import Path\nfrom scripts.docs import on_page_markdown\n"
        "page = Path('docs/configuration.md')\n"
        "page.write_text(on_page_markdown(page.read_text()))\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{project / 'src'}:{project}"}
    subprocess.run([sys.executable, "-c", insert], cwd=project, env=environment, check=True)
    return subprocess.run(
        [ZENSICAL, "build", "--strict", "--config-file", "mkdocs.yml"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def headings(site: Path) -> dict[str, list[str]]:
    """Anchors of the headings of each page."""
    return {
        str(path.relative_to(site)): re.findall(r'<h[1-4] id="?([^">]+)', path.read_text())
        for path in site.rglob("index.html")
    }


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
