"""1.2.0: parts that a project gets only when somebody asks for them."""

from __future__ import annotations

from .toolkit import Before, before

OFF: dict[str, object] = {
    "authentication": "none",
    "cache": "none",
    "http_client": False,
    "jobs_page": False,
    "object_storage": "none",
    "opentelemetry": False,
    "outbox": False,
    "prometheus": False,
    "rate_limiting": False,
    "secrets": "environment",
    "sentry": False,
}


@before("1.2.0")
def leave_new_parts_off(project: Before) -> None:
    """An update must not add a backing service to an existing service."""
    for question, answer in OFF.items():
        project.answer(question, answer)
