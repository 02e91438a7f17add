"""Files that repeat parts of `copier.yml` agree with it; each failure says what to add where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from extensions import names
from tests.questionnaire import GROUPS, NOTHING, QUESTIONS, choices, decided_by, members
from tests.rendering import ROOT, every_set
from tests.test_variants import WORDS
from updating.git import Git

PAGE = ROOT / "docs" / "questionnaire.md"
LONGEST_NAME = 40
# Parts without specific words, or with names that every service uses.
WITHOUT_WORDS = {
    "memory",
    "processes",
    "proxy_variables",
    "redis",
    "secure_defaults",
    "web-and-worker",
}


def rows(heading: str) -> dict[str, str]:
    """Documented choices by question, from the section of the page with this heading."""
    for section in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE):
        if heading in section.splitlines()[0]:
            return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))
    return {}


@pytest.mark.parametrize("group", ["The project", *GROUPS])
def test_the_page_has_a_row_for_each_question(group: str) -> None:
    grouped = group in GROUPS
    asked = (
        members(group) if grouped else [name for name in QUESTIONS if "ask" not in QUESTIONS[name]]
    )
    found = rows(f"`{group}`" if grouped else group)
    for name in asked:
        assert name in found, (
            f'docs/questionnaire.md: add a row for `{name}` to the table "{group}"'
        )
        for choice in choices_of(name):
            # The versions of Python are a range there.
            assert f"`{choice}`" in found[name] or name == "lowest_python", (
                f"docs/questionnaire.md: add `{choice}` to the choices of `{name}`"
            )
    assert list(found) == asked, (
        f'docs/questionnaire.md: bring the table "{group}" into this order: {", ".join(asked)}'
    )


def choices_of(name: str) -> list[str]:
    return [] if "choices" not in QUESTIONS[name] else list(map(str, choices(name)))


def test_an_update_answers_each_question_that_is_new(published: Path) -> None:
    first = yaml.safe_load(Git(published).text("show", "1.0.0:copier.yml"))
    modules = "".join(path.read_text() for path in (ROOT / "migrations").glob("v*.py"))
    for name in QUESTIONS:
        # A question without a default depends on the answer to another one.
        known = name in first or f'"{name}"' in modules or "default" not in QUESTIONS[name]
        assert known, (
            f"migrations/: add `{name}` to the table OFF of the next release's module, with the "
            "answer that leaves a project of an earlier release as it is"
        )


@pytest.mark.parametrize("name", members())
def test_each_part_has_a_pattern_of_its_words(name: str) -> None:
    for choice in choices(name):
        part = name if choice is True else choice
        assert choice in NOTHING or part in WITHOUT_WORDS or part in WORDS, (
            f"tests/test_variants.py: add to WORDS a pattern of the words that only a project with "
            f"`{part}` may have"
        )


@pytest.mark.parametrize("name", members("services", "observability"))
def test_each_part_is_in_an_answer_set(name: str) -> None:
    given = {
        (decided_by(answers.get("preset", "standard")) | answers)[name]
        for answers in every_set().values()
    }
    for choice in choices(name):
        assert choice in given, (
            f"tests/answers/parts/: add a set with `{name}: {choice}` and little else"
        )


def test_each_dependency_is_installed_and_a_reserved_name() -> None:
    text = (ROOT / "template" / "pyproject.toml.jinja").read_text()
    dependencies = re.findall(
        r'^    "(.+)",$', text.partition("[project.scripts]")[0], re.MULTILINE
    )
    pinned = (ROOT / "requirements" / "dev.txt").read_text()
    for dependency in dependencies:
        name = canonicalize_name(Requirement(dependency).name)
        assert re.search(rf"^{name}==", pinned, re.MULTILINE), (
            f'pyproject.toml: add "{dependency}" to the group generated, and run make requirements'
        )
        # The longest names are exempt: they have no room for the suffix that the message suggests.
        assert name in names.DEPENDENCIES or len(name) > LONGEST_NAME - len("-service"), (
            f"extensions/names.py: add {name} to DEPENDENCIES, since no service can have its name"
        )
