"""1.3.0: ways of delivery that a project gets only when somebody asks for them."""

from __future__ import annotations

from .toolkit import Before, before

OFF: dict[str, object] = {
    "ci": "none",
    "container": False,
    "dependency_updates": "none",
    "devcontainer": False,
    "docs_site": False,
    "hooks": False,
    "kubernetes": False,
    "procfile": False,
}


@before("1.3.0")
def leave_new_ways_of_delivery_off(project: Before) -> None:
    """An update must not add another way of delivery to an existing project."""
    for question, answer in OFF.items():
        project.answer(question, answer)
