"""Parts that are turned on and off in a project that is there already."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from updating.answers import ANSWERS_FILE
from updating.errors import Status
from updating.git import Git
from updating.update import update

from .published import Generate, commit_all, contents, new_answers

MINIMAL = {"preset": "minimal"}
COMPLETE = {"preset": "complete"}


def answers(project: Path) -> dict[str, Any]:
    recorded: dict[str, Any] = yaml.safe_load((project / ANSWERS_FILE).read_text())
    return {name: value for name, value in recorded.items() if not name.startswith("_")}


def test_minimal_complete_minimal_ends_where_it_began(generate: Generate, newest: str) -> None:
    project = generate(MINIMAL, version=newest)
    before = contents(project)
    report = update(project, data=COMPLETE)
    assert report.status is Status.CLEAN
    fresh = generate(COMPLETE, version=newest, name="fresh")
    assert contents(project) == contents(fresh)
    update(project, data=MINIMAL)
    assert contents(project) == before


def test_edits_stay_while_parts_come_and_go(generate: Generate, newest: str) -> None:
    project = generate(MINIMAL, version=newest)
    before = contents(project)
    edited = {
        "Makefile": "mine:\n\techo mine",
        ".env.example": "# mine, in the environment",
        "src/orbit/web/words.py": "# mine, in an example that complete does not have",
        "src/orbit/chassis/errors.py": "# mine, in the chassis",
    }
    for path, line in edited.items():
        with (project / path).open("a") as file:
            file.write(f"{line}\n")
    app = project / "src" / "orbit" / "app.py"
    app.write_text(app.read_text().replace("\nTITLE = ", "\nMINE = 'in app.py'\nTITLE = "))
    (project / "src" / "orbit" / "mine.py").write_text("MINE = 1\n")
    commit_all(project)
    mine = contents(project)

    there = update(project, data=COMPLETE)
    assert not there.conflicts
    assert [kept.path for kept in there.kept] == ["src/orbit/web/words.py"]
    for path, line in edited.items():
        assert line in (project / path).read_text(), path
    assert "MINE = 'in app.py'" in app.read_text()
    back = update(project, data=MINIMAL)
    assert not back.conflicts
    assert contents(project) == mine
    assert set(mine) == {*before, "src/orbit/mine.py"}


@pytest.mark.parametrize(
    ("old", "data"),
    [
        (MINIMAL, {"database": "postgresql"}),
        (MINIMAL, {"processes": "web-and-worker"}),
        ({}, {"database": "mysql"}),
        ({}, {"processes": "worker"}),
        ({}, {"database": "none", "processes": "web"}),
    ],
)
def test_a_part_that_is_turned_on_with_a_release_equals_a_fresh_project(
    old: dict[str, str], data: dict[str, str], generate: Generate, newest: str
) -> None:
    """From the first release, so that the release and the answers change at once."""
    project = generate(old)
    before = contents(project)
    report = update(project, data=data)
    assert report.status is Status.CLEAN
    changed = {each.question: each.new for each in report.answers if each.old is not None}
    assert changed == data
    answered = {each.question: each.new for each in report.answers}
    fresh = generate({**old, **answered}, version=newest, name="fresh")
    wanted = contents(fresh)
    improved = {each.path for each in report.improved}
    for path, content in contents(project).items():
        if path in improved:
            assert content == before[path], "a release does not touch what is seeded"
        else:
            assert content == wanted.pop(path), path
    assert set(wanted) == improved
    assert not Git(project).text("status", "--porcelain")


def test_an_update_turns_no_new_part_on(generate: Generate, newest: str) -> None:
    project = generate(COMPLETE, version="1.1.0")
    report = update(project)
    answered = {each.question: each.new for each in report.answers}
    # Who has no container is not asked for manifests.
    assert {**answered, "kubernetes": False} == new_answers("1.1.0")
    off = generate({**COMPLETE, **new_answers("1.1.0")}, version=newest, name="off")
    assert lacking(contents(off), contents(project)) == {}


def test_a_new_part_is_turned_on_when_somebody_asks(generate: Generate, newest: str) -> None:
    project = generate(COMPLETE, version="1.1.0")
    update(project, data={"rate_limiting": "true"})
    assert answers(project)["rate_limiting"] is True
    on = generate(
        {**COMPLETE, **new_answers("1.1.0"), "rate_limiting": True}, version=newest, name="on"
    )
    assert lacking(contents(on), contents(project)) == {}


def lacking(wanted: dict[str, bytes], found: dict[str, bytes]) -> dict[str, bytes]:
    """What is wanted and is not there, but for files that are people's own."""
    seeded = {"README.md"} | {path for path in wanted if re.match("src/[^/]+/(?!chassis/)", path)}
    return {
        path: content
        for path, content in wanted.items()
        if found.get(path) != content and path not in seeded
    }


def test_every_new_question_has_an_answer_that_changes_nothing(published: Path) -> None:
    asked = [
        {
            name
            for name, question in yaml.safe_load(text).items()
            if not name.startswith("_")
            and question.get("when") is not False
            # What has no default is asked only with an answer that nobody had before.
            and "default" in question
        }
        for text in (
            Git(published).text("show", "1.1.0:copier.yml"),
            (published / "copier.yml").read_text(),
        )
    ]
    assert asked[1] - asked[0] == new_answers("1.1.0").keys()


def test_an_answer_of_ones_own_stays_when_the_preset_changes(
    generate: Generate, newest: str
) -> None:
    project = generate({"preset": "minimal", "database": "sqlite"}, version=newest)
    update(project, data=COMPLETE)
    assert answers(project)["database"] == "sqlite"
    assert answers(project)["processes"] == "web-and-worker"


def test_an_answer_beside_the_preset_wins(generate: Generate, newest: str) -> None:
    project = generate(MINIMAL, version=newest)
    update(project, data={**COMPLETE, "database": "mysql"})
    assert answers(project)["database"] == "mysql"


def test_a_default_that_follows_the_preset_follows_nothing_else(published: Path) -> None:
    questions = yaml.safe_load((published / "copier.yml").read_text())
    following = {
        name: set(re.findall(r"[a-z_]+", re.sub(r"'[^']*'", "", str(question["default"]))))
        for name, question in questions.items()
        if not name.startswith("_") and "preset" in str(question.get("default", ""))
    }
    assert {"processes", "database"} <= following.keys()
    assert all(words <= {"preset", "if", "else", "in"} for words in following.values())
