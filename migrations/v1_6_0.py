"""1.6.0: the question `decide`, which selects the questions to ask."""

from __future__ import annotations

from .toolkit import Before, before

OFF: dict[str, object] = {"decide": []}


@before("1.6.0")
def decide_nothing_anew(project: Before) -> None:
    """Select no groups for existing projects, so that their answers stay."""
    for question, answer in OFF.items():
        project.answer(question, answer)
