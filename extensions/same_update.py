"""Makes `copier update` do the same update as the project's script.

Copier's own merge changes the project while it asks questions, loses edits of files that the
template renames or removes, and does not report conflicts. Migrations before or after it cannot fix
that, so it is replaced: docs/decisions/0018-copier-update.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from copier.errors import UserMessageError
from jinja2 import Environment
from jinja2.ext import Extension

if TYPE_CHECKING:
    from copier._main import Worker

_OURS = ("extensions", "migrations", "updating")
_METHOD = "_apply_update"
_BEGUN = (
    "Nothing was changed. With --quiet, Copier begins its own merge, which loses edits, before the "
    "template can replace it: update without --quiet."
)
_OTHER_COPIER = (
    "Nothing was changed, because this template does not know how this version of Copier updates: "
    "run the project's scripts/update.py, or update with Copier 9.19.1."
)


class SameUpdate(Extension):
    """Replaces the merge of the Copier worker that loads it.

    The message `_message_before_update` makes Copier load it before the merge.
    """

    def __init__(self, environment: Environment) -> None:
        """Replace the merge.

        Args:
            environment: The Jinja environment.

        Raises:
            UserMessageError: When Copier has already started its merge.
        """
        super().__init__(environment)
        steps = _steps(sys._getframe())
        if "run_update" not in steps:
            return
        worker: Worker = steps["run_update"].f_locals["self"]
        if _METHOD in worker.__dict__:
            # The update itself renders the template.
            return
        if not hasattr(worker, _METHOD):
            raise UserMessageError(_OTHER_COPIER)
        if _METHOD in steps:
            raise UserMessageError(_BEGUN)
        worker.__dict__[_METHOD] = partial(_update, worker)


def _update(worker: Worker) -> None:
    with _release_at(worker.template.local_abspath):
        from updating.copier_update import follow

        # In a new context, so that Copier renders as for a copy: updates leave out seeded files.
        Context().run(follow, worker)


@contextmanager
def _release_at(root: Path) -> Iterator[None]:
    """Import the update program of a release, even if the process has imported another one."""
    others = {name: sys.modules.pop(name) for name in [*sys.modules] if _is_ours(name)}
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))
        for name in [*sys.modules]:
            if _is_ours(name):
                del sys.modules[name]
        sys.modules.update(others)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in _OURS


def _steps(frame: FrameType | None) -> dict[str, FrameType]:
    """Stack frames of Copier's worker, by method name."""
    steps: dict[str, FrameType] = {}
    while frame is not None:
        if frame.f_globals.get("__name__") == "copier._main" and "self" in frame.f_locals:
            steps.setdefault(frame.f_code.co_name, frame)
        frame = frame.f_back
    return steps
