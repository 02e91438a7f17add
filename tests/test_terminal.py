"""What Copier asks a person at a terminal, key by key."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rendering import ROOT, files, render
from tests.terminal import COLUMNS, DOWN, ENTER, SPACE, UP, Conversation

COPIER = Path(sys.executable).with_name("copier")
QUESTIONS: dict[str, dict[str, Any]] = {
    name: details
    for name, details in yaml.safe_load((ROOT / "copier.yml").read_text()).items()
    if not name.startswith("_") and details.get("when") is not False
}
GROUPS: dict[str, str] = {
    group: f"{{{{ '{group}' in decide }}}}" for group in QUESTIONS["decide"]["choices"].values()
}
ALWAYS = [name for name, details in QUESTIONS.items() if "ask" not in details]
MOST = 12

Talk = Callable[..., Conversation]


@pytest.fixture
def talk(template: Path, tmp_path: Path) -> Talk:
    """Begins `copier copy`."""

    def talk(*options: str) -> Conversation:
        command: list[str | Path] = [COPIER, "copy", "--trust", "--skip-tasks", *options]
        command += [template, tmp_path / "new"]
        home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
        return Conversation(command, home, QUESTIONS)

    return talk


def recorded(folder: Path) -> dict[str, Any]:
    answers: dict[str, Any] = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    return answers


def members(*groups: str) -> set[str]:
    return {
        name
        for name, details in QUESTIONS.items()
        if details.get("ask") in [GROUPS[group] for group in groups]
    }


def test_who_presses_enter_is_asked_little_and_gets_the_preset(
    talk: Talk, template: Path, tmp_path: Path
) -> None:
    with talk() as conversation:
        conversation.answer_all()
    assert conversation.asked == [name for name in ALWAYS if name != "own_repository_host"]
    assert len(conversation.asked) <= MOST
    assert files(tmp_path / "new") == files(render(template, tmp_path / "default", {}))
    assert recorded(tmp_path / "new").keys() >= members(*GROUPS), "all answers are recorded"


def test_a_preset_decides_what_nobody_else_decides(
    talk: Talk, template: Path, tmp_path: Path
) -> None:
    with talk() as conversation:
        conversation.answer_all({"preset": DOWN + ENTER, "repository_host": UP + ENTER})
    assert "repository_namespace" not in conversation.asked, "there is no host"
    answers = {"preset": "minimal", "repository_host": "none"}
    assert files(tmp_path / "new") == files(render(template, tmp_path / "minimal", answers))


def test_a_group_that_is_chosen_is_asked(talk: Talk, tmp_path: Path) -> None:
    keys = {"decide": DOWN + SPACE + ENTER, "sentry": "y"}
    with talk() as conversation:
        conversation.answer_all(keys)
    assert set(conversation.asked) - set(ALWAYS) == members("observability")
    answers = recorded(tmp_path / "new")
    assert answers["decide"] == ["observability"]
    assert [answers[name] for name in ("prometheus", "sentry", "container")] == [False, True, True]


def test_several_groups_can_be_chosen(talk: Talk, tmp_path: Path) -> None:
    keys = {
        "decide": SPACE + DOWN + DOWN + SPACE + ENTER,
        "database": UP + ENTER,
        "outbox": "y",
        "hooks": "n",
    }
    with talk() as conversation:
        conversation.answer_all(keys)
    # There are no manifests with SQLite.
    assert set(conversation.asked) - set(ALWAYS) == members("services", "delivery") - {"kubernetes"}
    answers = recorded(tmp_path / "new")
    assert [answers[name] for name in ("database", "outbox", "hooks")] == ["sqlite", True, False]


def test_one_question_more_or_less_can_be_asked(talk: Talk, tmp_path: Path) -> None:
    options = ("--data", "decide=[observability]", "--data", "sentry=yes", "--data", "cache=memory")
    with talk(*options, "--ask", "hooks") as conversation:
        conversation.answer_all({"hooks": "n"})
    assert set(conversation.asked) - set(ALWAYS) == {"prometheus", "opentelemetry", "hooks"}
    answers = recorded(tmp_path / "new")
    assert [answers[name] for name in ("sentry", "cache", "hooks")] == [True, "memory", False]


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
def test_a_question_is_one_that_its_choices_answer(name: str) -> None:
    details = QUESTIONS[name]
    first, *rules = details["help"].splitlines()
    assert first.endswith("?")
    if details["type"] == "bool":
        assert first.startswith(("Does it ", "Do "))
    if "validator" in details:
        assert rules, "a terminal cuts what the validator says"
    for line in rules:
        assert line.startswith("  ")
    # A sign and a space stand before the first line, and a terminal cuts what does not fit.
    assert max(len(first) + 3, *map(len, rules), 0) < COLUMNS
