"""The questions of `copier.yml`, so that tests need not repeat them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import yaml
from jinja2 import Environment, Template

from tests.rendering import ROOT

QUESTIONS: dict[str, dict[str, Any]] = {
    name: details
    for name, details in yaml.safe_load((ROOT / "copier.yml").read_text()).items()
    if not name.startswith("_") and details.get("when") is not False
}
GROUPS: dict[str, str] = {
    group: f"{{{{ '{group}' in decide }}}}" for group in QUESTIONS["decide"]["choices"].values()
}
# Answers that add nothing to a service.
NOTHING = ("none", "environment", False)


def members(*groups: str) -> list[str]:
    """Questions of groups, in the order in which they are asked.

    Args:
        groups: The groups; all by default.
    """
    conditions = [GROUPS[group] for group in groups or GROUPS]
    return [name for name, details in QUESTIONS.items() if details.get("ask") in conditions]


def choices(name: str) -> list[Any]:
    """The choices of a question.

    Args:
        name: A question with choices, or a boolean one.
    """
    details = QUESTIONS[name]
    if details["type"] == "bool":
        return [False, True]
    offered = details["choices"]
    return list(offered.values() if isinstance(offered, dict) else offered)


def is_asked(name: str, answers: Mapping[str, Any]) -> bool:
    """Whether a question applies.

    Args:
        name: The question.
        answers: Answers to earlier questions.
    """
    condition = str(QUESTIONS[name].get("when", True))
    return _template(condition).render(answers) == "True"


def decided_by(preset: str) -> dict[str, Any]:
    """The answers to all questions of groups that follow from a preset.

    Args:
        preset: The preset.
    """
    answers: dict[str, Any] = {
        "preset": preset,
        "repository_host": QUESTIONS["repository_host"]["default"],
    }
    for name in members():
        default = QUESTIONS[name]["default"]
        text = _template(str(default)).render(answers)
        answers[name] = text == "True" if QUESTIONS[name]["type"] == "bool" else text
    return {name: answers[name] for name in members()}


@functools.cache
def _template(text: str) -> Template:
    """Compile a text once, because all variants evaluate the same conditions."""
    return Environment(autoescape=False).from_string(text)


def parts(answers: Mapping[str, Any]) -> set[str]:
    """The parts that a service has, by the names of their questions and choices.

    Args:
        answers: All of its answers.
    """
    given = {name: answers.get(name, "none") for name in members()}
    found = {name for name, answer in given.items() if answer not in NOTHING}
    found |= {answer for answer in given.values() if isinstance(answer, str)} - {"none"}
    return found | ({"web", "worker"} if given["processes"] == "web-and-worker" else set())
