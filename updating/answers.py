"""The answers file: what a project was generated from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

from .errors import UpdateError

ANSWERS_FILE = ".copier-answers.yml"
Answers = dict[str, Any]
_MOST_VALUES = 10_000
Questions = Mapping[str, Mapping[str, Any]]
_ANYTHING = re.compile(r".*", re.DOTALL)
_TAKES = {
    "bool": ("yes or no", re.compile(r"y|yes|t|true|on|1|n|no|f|false|off|0", re.IGNORECASE)),
    "int": ("a whole number", re.compile(r"-?\d+")),
}
# What Copier takes for no; it takes any other word for yes.
_NO = re.compile(r"(n|no|f|false|off|0|~|null|none)?", re.IGNORECASE)
# Such a default may depend on the preset alone; a test sees to it.
_PRESET = re.compile(r"\bpreset\b")


@dataclass(frozen=True, slots=True)
class Origin:
    """What an answers file says.

    Attributes:
        source: Where the template is.
        commit: Which release or commit of it.
        answers: Answers by question.
    """

    source: str
    commit: str
    answers: Answers


def parse(text: str, name: str = ANSWERS_FILE) -> Origin:
    """Read an answers file.

    Args:
        text: What is in it.
        name: What it is called.

    Raises:
        UpdateError: When it is none.
    """
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UpdateError(
            f"{name} is not valid YAML: restore it from an earlier commit."
        ) from error
    if _is_endless(data):
        raise UpdateError(
            f"{name} has more than {_MOST_VALUES} values: restore it from an earlier commit."
        )
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise UpdateError(f"{name} holds no answers: restore it from an earlier commit.")
    answers = {key: value for key, value in data.items() if not key.startswith("_")}
    for key in ("_src_path", "_commit"):
        if not data.get(key):
            raise UpdateError(
                f"{name} has no {key}, so nobody knows what the project was generated "
                "from: restore it from an earlier commit."
            )
    commit = str(data["_commit"])
    if not commit.isprintable():
        raise UpdateError(f"{name} names no commit: restore it from an earlier commit.")
    return Origin(str(data["_src_path"]), commit, answers)


def _is_endless(data: Any) -> bool:
    """Whether aliases make a small file large, or have it contain itself."""
    found, left = 0, [data]
    while left and found <= _MOST_VALUES:
        found += 1
        value = left.pop()
        if isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, list | tuple | set):
            left.extend(value)
    return bool(left)


def write(folder: Path, origin: Origin) -> None:
    """Write answers where Copier looks for those of the last time.

    Args:
        folder: A folder to render into.
        origin: The answers.
    """
    (folder / ANSWERS_FILE).write_text(yaml.safe_dump(origin.answers), encoding="utf-8")


def with_origin(text: str, source: str, commit: str) -> str:
    """Name the template and its release in a rendered answers file.

    Args:
        text: What Copier rendered from a folder.
        source: Where the template is.
        commit: Which release or commit of it.
    """
    named = yaml.safe_dump({"_commit": commit, "_src_path": source}, allow_unicode=True)
    kept = re.sub(r"^_(commit|src_path):.*\n(^[ ].*\n)*", "", text, flags=re.MULTILINE)
    return re.sub(r"^(?!#)", lambda _: named, kept, count=1, flags=re.MULTILINE)


def as_copier_reads(questions: Questions, answers: Mapping[str, Any]) -> Answers:
    """Make yes and no of words that a person has written into an answers file.

    Copier itself does so only for questions that it asks.

    Args:
        questions: The template's questions.
        answers: Answers of the last time.
    """
    return {
        name: _NO.fullmatch(value.strip()) is None
        if isinstance(value, str) and questions.get(name, {}).get("type") == "bool"
        else value
        for name, value in answers.items()
    }


def check_questions(questions: Questions, data: Mapping[str, Any]) -> None:
    """Refuse answers to questions that are not asked, and answers of another type.

    Args:
        questions: The template's questions.
        data: Answers by question.

    Raises:
        UpdateError: When there is no such question, or it takes something else.
    """
    asked = {name for name, question in questions.items() if question.get("when") is not False}
    for name, value in data.items():
        if name not in asked:
            near = get_close_matches(name, asked, n=1) or [", ".join(sorted(asked))]
            raise UpdateError(f'There is no question "{name}": answer {near[0]}.')
        # Copier takes any word for yes.
        takes, pattern = _TAKES.get(questions[name].get("type", ""), ("", _ANYTHING))
        if not pattern.fullmatch(str(value).strip()):
            raise UpdateError(f'Question "{name}" takes {takes}.')


def refuse_other_package(answers: Answers, data: Mapping[str, Any]) -> None:
    """Refuse to rename the package, which would leave what is not the template's where it is.

    Args:
        answers: Answers of the last time.
        data: Answers that are given now.

    Raises:
        UpdateError: When it would be renamed.
    """
    name = answers.get("package_name")
    if name is not None and data.get("package_name", name) != name:
        raise UpdateError(
            f'Question "package_name": an update does not rename the package {name}, because your '
            f"own modules would stay in src/{name}. Leave that answer out."
        )


def follow_preset(questions: Questions, answers: Answers, data: Mapping[str, Any]) -> Answers:
    """Let the answers that a preset had decided follow to another preset.

    Args:
        questions: The template's questions.
        answers: Answers of the last time.
        data: Answers that are given now.

    Returns:
        The answers of the last time, without those that equal what the old preset decided.
    """
    if "preset" not in answers or data.get("preset") in (None, answers["preset"]):
        return answers
    environment = Environment(autoescape=False)
    kept = dict(answers)
    for name, question in questions.items():
        default = str(question.get("default", ""))
        if name in kept and _PRESET.search(default):
            decided = environment.from_string(default).render(preset=answers["preset"])
            if str(kept[name]) == decided:
                del kept[name]
    return kept
