"""1.6.0: a question that only says which of the others are asked."""

from __future__ import annotations

from .toolkit import Before, before

OFF: dict[str, object] = {"decide": []}


@before("1.6.0")
def decide_nothing_anew(project: Before) -> None:
    """The answers of a project stand until somebody wants to be asked again."""
    for question, answer in OFF.items():
        project.answer(question, answer)
