"""`docs/how-to.md` and `AGENTS.md` of every variant say what to do, and agree with each other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.test_variants import project, variant

from .page import fences, steps

__all__ = ["project", "variant"]

# Commands of AGENTS.md that are not steps of the page, and where they are tested.
ELSEWHERE = {
    "uv sync": "each suite of a generated service begins with it",
    "uv add NAME": "a grown service adds a dependency",
    "make clients": "make test-clients",
    "make dev": "it is `dev`, which the page starts",
    "make docs": "make test-delivery-files",
    "make secrets": "make test-delivery-files",
    "make update": "tests/updates",
    'make update ARGS="--preview"': "tests/updates",
    "uv run COMMAND check": "tests/chassis/test_check.py",
}
_LINES = 120


def test_each_block_has_an_instruction(project: Path) -> None:
    page = (project / "docs" / "how-to.md").read_text()
    found = list(steps(page))
    assert len(found) == fences(page)
    # The block of debugger configurations is not a step.
    assert [step.language for step in found if not step.kind] == ["json"]


def test_agents_page_is_short_and_included_by_the_other_name(project: Path) -> None:
    assert len((project / "AGENTS.md").read_text().splitlines()) <= _LINES
    assert (project / "CLAUDE.md").read_text() == "@AGENTS.md\n"


def test_each_task_names_the_files_of_its_section_in_order(project: Path) -> None:
    page = (project / "docs" / "how-to.md").read_text()
    rows = re.findall(
        r"^\| [^|]+ \| ([^|]+) \| \[(.+?)\]\(docs/how-to\.md#(.+?)\) \|$",
        (project / "AGENTS.md").read_text(),
        re.MULTILINE,
    )
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert {"Run some tests, or all", "Use a debugger", *(row[1] for row in rows)} == set(headings)
    for files, heading, anchor in rows:
        assert anchor == heading.lower().replace(" ", "-")
        section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
        place = 0
        # A function of app.py is found by its name alone.
        for name in re.findall(r"`([^`]+)`", files.replace(" in `app.py`", "")):
            if re.fullmatch(r"[a-z]+\(\)", name):
                wanted = rf"def {re.escape(name[:-1])}"
            else:
                wanted = re.escape(name).replace("NAME", r"(\w+|\*)").replace(r"\.\.\.", ".+")
            found = re.compile(wanted).search(section, place)
            assert found, f"{heading}: {name} is missing, or in another order"
            place = found.start()


def test_each_command_of_the_agents_page_is_a_step_or_run_elsewhere(project: Path) -> None:
    text = (project / "AGENTS.md").read_text()
    page = (project / "docs" / "how-to.md").read_text()
    [entry] = re.findall(r'^"?([\w.-]+)"? = "\w+\.__main__:main"$', _pyproject(project), re.M)
    commands = [line for step in steps(page) if step.language == "sh" for line in step.commands]
    for command in re.findall(r"`((?:uv|make) [^`]+)`", text):
        if command.replace(f"uv run {entry} ", "uv run COMMAND ") in ELSEWHERE:
            continue
        pattern = re.escape(command)
        for placeholder in ("NAME", "WORD", "MESSAGE", "JOB", "key=value"):
            pattern = pattern.replace(re.escape(placeholder), ".+")
        # Options that the page shows one by one.
        assert any(re.fullmatch(pattern, each) for each in commands), command


def _pyproject(project: Path) -> str:
    return (project / "pyproject.toml").read_text()
