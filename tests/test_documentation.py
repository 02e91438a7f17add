"""Links in the pages of a generated project work, and the commands that they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.test_variants import project, variant

__all__ = ["project", "variant"]


def pages(folder: Path) -> dict[str, str]:
    """Text of every page by its path in docs/."""
    docs = folder / "docs"
    return {str(path.relative_to(docs)): path.read_text() for path in sorted(docs.rglob("*.md"))}


def linked(text: str) -> set[str]:
    """Files that a page links to."""
    targets = re.findall(r"\]\(([^)#\s]+)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return {target for target in targets if "://" not in target}


def test_every_link_leads_somewhere(project: Path) -> None:
    found = {f"docs/{name}": text for name, text in pages(project).items()}
    for name in ("README.md", "AGENTS.md"):
        found[name] = (project / name).read_text()
    for name, text in found.items():
        for target in linked(text):
            assert (project / name).parent.joinpath(target).is_file(), f"{name}: {target}"


def test_the_first_page_lists_all_others(project: Path) -> None:
    found = pages(project)
    decisions = {name for name in found if name.startswith("decisions/")}
    # The project may have deleted the page of the example.
    others = set(found) - decisions - {"index.md", "example.md"}
    assert linked(found["index.md"]) == others | {"decisions/index.md"}
    assert {f"decisions/{name}" for name in linked(found["decisions/index.md"])} == (
        decisions - {"decisions/index.md"}
    )


def test_the_site_and_the_first_page_list_the_same_pages(project: Path) -> None:
    site = project / "mkdocs.yml"
    if site.exists():
        entries = yaml.safe_load(site.read_text())["nav"]
        assert shown(entries) - {"index.md"} == linked(pages(project)["index.md"])


def shown(entries: list[dict[str, object]]) -> set[str]:
    """Pages of navigation entries, at all levels."""
    found: set[str] = set()
    for entry in entries:
        for below in entry.values():
            found |= shown(below) if isinstance(below, list) else {str(below)}
    return found


def test_the_page_on_the_factors_names_every_test(project: Path) -> None:
    page = pages(project)["twelve-factor.md"]
    rows = re.findall(r"^\| ([IVX]+)\. .* \| (`[^|]*`) \|$", page, re.MULTILINE)
    numbers = [number for number, _ in rows]
    assert numbers == ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
    tests = [name for _, names in rows for name in re.findall("`(.*?)`", names)]
    named = {name if "/" in name else f"tests/twelve_factor/{name}" for name in tests}
    there = {str(path.relative_to(project)) for path in project.glob("tests/*/test_*.py")}
    assert named <= there
    assert {name for name in there if name.startswith("tests/twelve_factor/")} <= named


def test_every_command_of_the_pages_exists(project: Path) -> None:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    makefile = (project / "Makefile").read_text()
    commands = {path.stem for path in project.glob("src/*/chassis/cli/*.py")} | {"admin"}
    for name, text in pages(project).items():
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{name}: make {target}"
        used = rf"(?:uv run |`){re.escape(answers['distribution_name'])} ([a-z]+)"
        # Process types that the page explains how to add.
        added = set(re.findall(r'processes=\{"([a-z]+)"', text))
        for command in re.findall(used, text):
            assert command in commands | added, f"{name}: {command}"
