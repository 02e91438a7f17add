"""`make site` builds all documents, refuses broken links, and loads nothing from other servers."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rendering import ROOT, export
from tools.site import plots
from tools.site.__main__ import build, main
from tools.site.links import broken, rewritten

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CONFIG = ROOT / "tools" / "site" / "zensical.toml"


def entries(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        [target] = entry.values()
        if isinstance(target, str):
            yield target
        else:
            yield from entries(target)


def test_all_documents_are_pages_in_the_navigation(site: Path) -> None:
    listed = set(entries(tomllib.loads(CONFIG.read_text())["project"]["nav"]))
    documents = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert documents <= listed
    for path in listed:
        built = path.removesuffix(".md").removesuffix("index")
        text = (site / built / "index.html").read_text()
        assert "<h1" in text
    for record in (ROOT / "docs" / "decisions").glob("[0-9]*.md"):
        assert (site / "decisions" / record.stem / "index.html").is_file()


def test_no_link_is_broken(site: Path) -> None:
    assert list(broken(site)) == []


def test_nothing_is_loaded_from_other_servers(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text()
        loaded = re.findall(r'(?:src|<link [^>]*rel="?(?:stylesheet|icon)[^>]*href)="?(\S+)', text)
        assert not [each for each in loaded if each.startswith(("http", "//"))], page


def test_the_example_shows_all_settings(site: Path) -> None:
    text = (site / "example" / "configuration" / "index.html").read_text()
    for setting in ("LOG_LEVEL", "DATABASE_URL", "REDIS_URL"):
        assert f"<td><code>{setting}</code></td>" in text


def test_links_to_other_files_lead_to_the_repository(site: Path) -> None:
    text = (site / "contributing" / "index.html").read_text()
    assert "https://github.com/org/twelvestar/blob/main/requirements/dev.txt" in text
    assert "https://github.com/org/twelvestar/tree/main/tests/answers" in text


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ("[gone](gone-page.md)", "page does not exist"),
        ("[gone](updating.md#gone)", "anchor does not exist"),
    ],
)
def test_a_broken_link_fails(
    planted: str, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    template = export(tmp_path / "template")
    with (template / "docs" / "fleet.md").open("a") as page:
        page.write(f"\n{planted}\n")
    assert not build(template, tmp_path / "site")
    assert says in capfd.readouterr().err


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("page", "which does not exist"),
        ("anchor", "that page has no such anchor"),
        ("picture", "fleet-light.png, which does not exist"),
    ],
)
def test_the_check_of_links_detects_damage(
    damage: str, says: str, site: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(site, tmp_path / "site")
    if damage == "page":
        (copy / "asvs" / "index.html").unlink()
    elif damage == "picture":
        (copy / "images" / "fleet-light.png").unlink()
    else:
        page = copy / "updating" / "index.html"
        page.write_text(page.read_text().replace(' id="', ' id="x'))
    found = list(broken(copy))
    assert found
    assert any(says in problem for problem in found)


def test_links_in_code_stay() -> None:
    text = "[a](b.md)\n\n```md\n[a](b.md)\n```\n\n[a](https://b.example) [a](#b)\n"
    assert rewritten(text, lambda target: "c.md") == text.replace("[a](b.md)", "[a](c.md)", 1)


def test_the_plot_has_a_bar_for_each_ratio() -> None:
    table = (
        "| figure | ours | other | ratio | bound | within? |\n"
        "| web: `a` | 1 | 2 | 0.50 | at most 1 | yes |\n| cli: b | 1 | | | at most 1 | yes |\n"
        "| web: c | 4 | 2 | 2.00 | at most 1 | **no** |\n"
    )
    rows = plots.ratios(table)
    assert [(row.name, row.ratio, row.within) for row in rows] == [
        ("web: a", 0.5, True),
        ("web: c", 2.0, False),
    ]
    drawn = plots.plot(rows)
    assert "width: 25%" in drawn
    assert drawn.count("plot-outside") == 1


def test_the_command_builds_into_a_folder(tmp_path: Path) -> None:
    assert main(["--folder", str(tmp_path / "site")]) == 0
    done = subprocess.run(
        ["make", "--dry-run", "site"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "-m tools.site" in done.stdout
