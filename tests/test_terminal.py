"""Copier's questions on a terminal, answered by key presses."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.questionnaire import QUESTIONS, members
from tests.rendering import files, render
from tests.terminal import COLUMNS, DOWN, ENTER, SPACE, UP, Conversation

COPIER = Path(sys.executable).with_name("copier")
ALWAYS = [name for name, details in QUESTIONS.items() if "ask" not in details]
MOST = 12

Talk = Callable[..., Conversation]


@pytest.fixture
def talk(template: Path, tmp_path: Path) -> Talk:
    """Starts `copier copy`."""

    def talk(*options: str) -> Conversation:
        command: list[str | Path] = [COPIER, "copy", "--trust", "--skip-tasks", *options]
        command += [template, tmp_path / "new"]
        home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
        return Conversation(command, home, QUESTIONS)

    return talk


def recorded(folder: Path) -> dict[str, Any]:
    answers: dict[str, Any] = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    return answers


@pytest.mark.slow
def test_enter_asks_few_questions_and_takes_the_preset(
    talk: Talk, template: Path, tmp_path: Path
) -> None:
    with talk() as conversation:
        conversation.answer_all()
    assert conversation.asked == [name for name in ALWAYS if name != "own_repository_host"]
    assert len(conversation.asked) <= MOST
    assert files(tmp_path / "new") == files(render(template, tmp_path / "default", {}))
    # It is only asked with an HTTP client.
    wanted = {*members()} - {"proxy_variables"}
    assert recorded(tmp_path / "new").keys() >= wanted, "all answers are recorded"


@pytest.mark.slow
def test_a_preset_decides_unasked_questions(talk: Talk, template: Path, tmp_path: Path) -> None:
    with talk() as conversation:
        conversation.answer_all({"preset": DOWN + ENTER, "repository_host": UP + ENTER})
    assert "repository_namespace" not in conversation.asked, "it is not asked without a host"
    answers = {"preset": "minimal", "repository_host": "none"}
    assert files(tmp_path / "new") == files(render(template, tmp_path / "minimal", answers))


@pytest.mark.slow
def test_a_group_that_is_chosen_is_asked(talk: Talk, tmp_path: Path) -> None:
    keys = {"decide": DOWN + SPACE + ENTER, "sentry": "y"}
    with talk() as conversation:
        conversation.answer_all(keys)
    assert set(conversation.asked) - set(ALWAYS) == set(members("observability"))
    answers = recorded(tmp_path / "new")
    assert answers["decide"] == ["observability"]
    assert [answers[name] for name in ("prometheus", "sentry", "container")] == [False, True, True]


@pytest.mark.slow
def test_several_groups_can_be_chosen(talk: Talk, tmp_path: Path) -> None:
    keys = {
        "decide": SPACE + DOWN + DOWN + SPACE + ENTER,
        "database": UP + ENTER,
        "outbox": "y",
        "hooks": "n",
    }
    with talk() as conversation:
        conversation.answer_all(keys)
    # There are no manifests with SQLite, and no HTTP client by default.
    assert set(conversation.asked) - set(ALWAYS) == (
        {*members("services", "delivery")} - {"kubernetes", "proxy_variables"}
    )
    answers = recorded(tmp_path / "new")
    assert [answers[name] for name in ("database", "outbox", "hooks")] == ["sqlite", True, False]


@pytest.mark.slow
def test_single_questions_can_be_selected(talk: Talk, tmp_path: Path) -> None:
    options = ("--data", "decide=[observability]", "--data", "sentry=yes", "--data", "cache=memory")
    with talk(*options, "--ask", "hooks") as conversation:
        conversation.answer_all({"hooks": "n"})
    assert set(conversation.asked) - set(ALWAYS) == {
        *members("observability"),
        "hooks",
    } - {"sentry"}
    answers = recorded(tmp_path / "new")
    assert [answers[name] for name in ("sentry", "cache", "hooks")] == [True, "memory", False]


@pytest.mark.slow
def test_a_refused_answer_is_asked_again_below_its_rule(talk: Talk, tmp_path: Path) -> None:
    other = {"repository_host": 3 * DOWN + ENTER}
    with talk() as conversation:
        conversation.answer(other, until="own_repository_host")
        conversation.press("git" + ENTER)
        conversation.wait_for("Validation error for question 'own_repository_host'")
        assert QUESTIONS["own_repository_host"]["help"] in conversation.shown
        conversation.press(".Example.org:8443" + ENTER)
        conversation.answer_all({"repository_namespace": "acme/pay" + ENTER})
    assert len(conversation.asked) == MOST + 1
    answers = recorded(tmp_path / "new")
    assert answers["own_repository_host"] == "git.Example.org:8443"


@pytest.mark.parametrize("name", [name for name in QUESTIONS if "help" in QUESTIONS[name]])
def test_questions_fit_their_choices(name: str) -> None:
    details = QUESTIONS[name]
    first, *rules = details["help"].splitlines()
    assert first.endswith("?")
    if details["type"] == "bool":
        assert first.startswith(("Does it ", "Do "))
    if "validator" in details:
        assert rules, (
            "write the rule into the help, because a terminal cuts the validator's message"
        )
    for line in rules:
        assert line.startswith("  ")
    # The first line follows a symbol and a space, and the terminal cuts longer lines.
    assert max(len(first) + 3, *map(len, rules), 0) < COLUMNS
