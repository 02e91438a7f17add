"""Parts that are added to and removed from an existing project."""

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
SEEDED = re.compile(
    r"README\.md|docs/example\.md|src/[^/]+/(?!chassis/).*|tests/(test_\w+|conftest)\.py"
)


def answers(project: Path) -> dict[str, Any]:
    recorded: dict[str, Any] = yaml.safe_load((project / ANSWERS_FILE).read_text())
    return {name: value for name, value in recorded.items() if not name.startswith("_")}


def test_minimal_complete_minimal_ends_where_it_began(generate: Generate, newest: str) -> None:
    project = generate(MINIMAL, version=newest)
    before = contents(project)
    report = update(project, data=COMPLETE)
    assert report.status is Status.CLEAN
    fresh = generate({**COMPLETE, "example_parts": []}, version=newest, name="fresh")
    assert contents(project) == contents(fresh)
    update(project, data=MINIMAL)
    assert contents(project) == before


def test_the_example_uses_only_the_parts_of_the_first_day(generate: Generate, newest: str) -> None:
    older = generate({"preset": "complete", "authentication": "none"}, version=newest)
    before = contents(older)
    report = update(older, data={"authentication": "session"})
    assert report.status is Status.CLEAN
    assert answers(older)["example_parts"] == ["storage", "mail"]
    after = contents(older)
    # The page names the new commands.
    page = {"README.md": after["README.md"]}
    assert seeded(after) == {**seeded(before), **page}
    assert "src/orbit/chassis/web/auth/guards.py" in after


def test_a_part_that_is_removed_takes_its_pieces_of_the_example(
    generate: Generate, newest: str
) -> None:
    project = generate(COMPLETE, version=newest)
    before = contents(project)
    off = {"authentication": "none", "object_storage": "none", "mail": "none"}
    report = update(project, data=off)
    assert report.status is Status.CLEAN
    without = generate({**COMPLETE, **off}, version=newest, name="without")
    assert seeded(contents(project)) == seeded(contents(without))
    update(project, data={"authentication": "session", "object_storage": "s3", "mail": "smtp"})
    assert contents(project) == before


def seeded(found: dict[str, bytes]) -> dict[str, bytes]:
    """The seeded files of a project."""
    return {path: content for path, content in found.items() if SEEDED.fullmatch(path)}


def test_edits_are_kept_while_parts_are_added_and_removed(generate: Generate, newest: str) -> None:
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
    app.write_text(app.read_text().replace("\nservice = ", "\nMINE = 'in app.py'\nservice = "))
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


@pytest.mark.slow
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
def test_a_part_added_during_an_update_equals_a_new_project(
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
            assert content == before[path], "a release does not change seeded files"
        else:
            assert content == wanted.pop(path), path
    # A release adds no seeded file to existing projects, unless an answer brings it.
    assert set(wanted) - {"docs/example.md"} == improved
    assert not Git(project).text("status", "--porcelain")


def test_an_update_does_not_add_new_parts(generate: Generate, newest: str) -> None:
    project = generate(COMPLETE, version="1.1.0")
    report = update(project)
    answered = {each.question: each.new for each in report.answers}
    # Without a container and an HTTP client, the questions about them are not asked.
    unasked = {"kubernetes": False, "proxy": "none", "proxy_variables": False}
    assert {**answered, **unasked} == new_answers("1.1.0")
    off = generate({**COMPLETE, **new_answers("1.1.0")}, version=newest, name="off")
    assert lacking(contents(off), contents(project)) == {}


def test_a_new_part_is_added_on_request(generate: Generate, newest: str) -> None:
    project = generate(COMPLETE, version="1.1.0")
    update(project, data={"rate_limiting": "true"})
    assert answers(project)["rate_limiting"] is True
    on = generate(
        {**COMPLETE, **new_answers("1.1.0"), "rate_limiting": True}, version=newest, name="on"
    )
    assert lacking(contents(on), contents(project)) == {}


def test_the_tests_of_the_chassis_can_be_removed_and_added(generate: Generate, newest: str) -> None:
    project = generate(MINIMAL, version=newest)
    before = contents(project)
    edited = project / "tests" / "chassis" / "test_log.py"
    edited.write_text(f"{edited.read_text()}\n\n# mine\n")
    commit_all(project)
    report = update(project, data={"chassis_tests": "no"})
    assert not report.conflicts
    assert [kept.path for kept in report.kept] == ["tests/chassis/test_log.py"]
    without = generate({**MINIMAL, "chassis_tests": False}, version=newest, name="without")
    assert lacking(contents(without), contents(project)) == {}
    assert [path for path in contents(project) if path.startswith("tests/chassis/")] == [
        "tests/chassis/test_log.py"
    ]
    report = update(project, data={"chassis_tests": "yes"})
    assert not report.conflicts
    assert edited.read_text().endswith("# mine\n")
    changed = {path for path, text in contents(project).items() if text != before.get(path)}
    assert changed == {"tests/chassis/test_log.py"}


def test_tests_are_kept_and_changes_of_the_ci_are_reported(generate: Generate) -> None:
    project = generate({"preset": "minimal", "ci": "github"}, version="1.6.0")
    workflows = project / ".github" / "workflows"
    (workflows / "nightly.yml").write_text("jobs: {all: {steps: [{run: make test}]}}\n")
    commit_all(project)
    report = update(project)
    assert report.status is Status.CLEAN
    assert answers(project)["chassis_tests"] is True
    assert (project / "tests" / "chassis" / "test_log.py").exists()
    assert "run: make test-all\n" in (workflows / "ci.yml").read_text()
    remarks = [each for each in report.remarks if "only your own tests" in each]
    assert [each.split()[0] for each in remarks] == [".github/workflows/nightly.yml"]


def lacking(wanted: dict[str, bytes], found: dict[str, bytes]) -> dict[str, bytes]:
    """Missing or different files, except seeded ones."""
    return {
        path: content
        for path, content in wanted.items()
        if found.get(path) != content and not SEEDED.fullmatch(path)
    }


def test_every_new_question_has_an_answer_that_changes_nothing(published: Path) -> None:
    asked = [
        {
            name
            for name, question in yaml.safe_load(text).items()
            if not name.startswith("_")
            and question.get("when") is not False
            # A question without a default depends on a new answer.
            and "default" in question
        }
        for text in (
            Git(published).text("show", "1.1.0:copier.yml"),
            (published / "copier.yml").read_text(),
        )
    ]
    assert asked[1] - asked[0] == new_answers("1.1.0").keys()


def test_an_own_answer_is_kept_when_the_preset_changes(generate: Generate, newest: str) -> None:
    project = generate({"preset": "minimal", "database": "sqlite"}, version=newest)
    update(project, data=COMPLETE)
    assert answers(project)["database"] == "sqlite"
    assert answers(project)["processes"] == "web-and-worker"


def test_an_answer_given_with_the_preset_takes_precedence(generate: Generate, newest: str) -> None:
    project = generate(MINIMAL, version=newest)
    update(project, data={**COMPLETE, "database": "mysql"})
    assert answers(project)["database"] == "mysql"


def test_defaults_of_the_preset_depend_on_nothing_else(published: Path) -> None:
    questions = yaml.safe_load((published / "copier.yml").read_text())
    following = {
        name: set(re.findall(r"[a-z_]+", re.sub(r"'[^']*'", "", str(question["default"]))))
        for name, question in questions.items()
        if not name.startswith("_") and "preset" in str(question.get("default", ""))
    }
    assert {"processes", "database"} <= following.keys()
    assert all(words <= {"preset", "if", "else", "in"} for words in following.values())
