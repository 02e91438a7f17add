"""The answers file: the template, release and answers that a project was generated from."""

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
# The words that Copier reads as no; it reads any other word as yes.
_NO = re.compile(r"(n|no|f|false|off|0|~|null|none)?", re.IGNORECASE)
# Such a default may only depend on the preset; a test checks that.
_PRESET = re.compile(r"\bpreset\b")


@dataclass(frozen=True, slots=True)
class Origin:
    """The contents of an answers file.

    Attributes:
        source: Location of the template.
        commit: Release or commit of the template.
        answers: Answers by question.
    """

    source: str
    commit: str
    answers: Answers


def parse(text: str, name: str = ANSWERS_FILE) -> Origin:
    """Read an answers file.

    Args:
        text: Its contents.
        name: Its name, for messages.

    Raises:
        UpdateError: When it is not an answers file.
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
        raise UpdateError(f"{name} contains no answers: restore it from an earlier commit.")
    answers = {key: value for key, value in data.items() if not key.startswith("_")}
    for key in ("_src_path", "_commit"):
        if not data.get(key):
            raise UpdateError(
                f"{name} has no {key}, so the project's template is unknown: restore it from an "
                "earlier commit."
            )
    commit = str(data["_commit"])
    if not commit.isprintable():
        raise UpdateError(f"{name} has an invalid _commit: restore it from an earlier commit.")
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
    """Write answers to the file from which Copier reads recorded ones.

    Args:
        folder: A folder to render into.
        origin: The answers.
    """
    (folder / ANSWERS_FILE).write_text(yaml.safe_dump(origin.answers), encoding="utf-8")


def with_origin(text: str, source: str, commit: str) -> str:
    """Name the template and its release in a rendered answers file.

    Args:
        text: What Copier rendered from a folder.
        source: Location of the template.
        commit: Release or commit of the template.
    """
    named = yaml.safe_dump({"_commit": commit, "_src_path": source}, allow_unicode=True)
    kept = re.sub(r"^_(commit|src_path):.*\n(^[ ].*\n)*", "", text, flags=re.MULTILINE)
    return re.sub(r"^(?!#)", lambda _: named, kept, count=1, flags=re.MULTILINE)


def as_copier_reads(questions: Questions, answers: Mapping[str, Any]) -> Answers:
    """Convert words such as "yes" in an answers file to booleans.

    Copier itself does that only for questions that it asks.

    Args:
        questions: The template's questions.
        answers: The recorded answers.
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
        UpdateError: When there is no such question, or the answer has another type.
    """
    asked = {name for name, question in questions.items() if question.get("when") is not False}
    for name, value in data.items():
        if name not in asked:
            near = get_close_matches(name, asked, n=1) or [", ".join(sorted(asked))]
            raise UpdateError(f'There is no question "{name}": use {near[0]}.')
        # Copier would read any word as yes.
        takes, pattern = _TAKES.get(questions[name].get("type", ""), ("", _ANYTHING))
        if not pattern.fullmatch(str(value).strip()):
            raise UpdateError(f'Question "{name}" takes {takes}.')


def refuse_other_package(answers: Answers, data: Mapping[str, Any]) -> None:
    """Refuse to rename the package, because people's own modules would stay in the old folder.

    Args:
        answers: The recorded answers.
        data: New answers.

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
    """When the preset changes, drop answers that followed from the old preset.

    Args:
        questions: The template's questions.
        answers: The recorded answers.
        data: New answers.

    Returns:
        The recorded answers, without those that equal the defaults of the old preset.
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
