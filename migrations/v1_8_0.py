"""1.8.0: a proxy in front of a machine, proxies of outgoing requests, mail, a larger example."""

from __future__ import annotations

from .toolkit import Before, before

OFF: dict[str, object] = {
    "proxy": "none",
    "proxy_variables": False,
    "mail": "none",
    "example_parts": [],
}


@before("1.8.0")
def keep_connections(project: Before) -> None:
    """Keep what a running deployment depends on.

    A proxy in front of it would change its port. A proxy of the environment may refuse requests
    that did not use it until now. Mail, which the preset would add, needs a mail server. The
    example is the project's own code by now, and its migration has been applied.
    """
    for question, answer in OFF.items():
        project.answer(question, answer)
