"""Has `copier update` do the same update as the project's own script.

Copier's own merge works in the project while it asks questions, loses edits of files that the
template renames or drops, and says nothing of conflicts. None of that can be mended by migrations
that run before or after it, so it is replaced as a whole: docs/decisions/0018-copier-update.md.
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
    """Replaces the merge of the update that loads it, and of no other.

    The settings have a message that Copier shows before its merge, so this is loaded in time.
    """

    def __init__(self, environment: Environment) -> None:
        """Replace it.

        Args:
            environment: The environment that loads the extension.

        Raises:
            UserMessageError: When Copier has begun already.
        """
        super().__init__(environment)
        steps = _steps(sys._getframe())
        if "run_update" not in steps:
            return
        worker: Worker = steps["run_update"].f_locals["self"]
        if _METHOD in worker.__dict__:
            # What is rendered for the update itself.
            return
        if not hasattr(worker, _METHOD):
            raise UserMessageError(_OTHER_COPIER)
        if _METHOD in steps:
            raise UserMessageError(_BEGUN)
        worker.__dict__[_METHOD] = partial(_update, worker)


def _update(worker: Worker) -> None:
    with _release_at(worker.template.local_abspath):
        from updating.copier_update import follow

        # In a context of its own, in which Copier renders copies: updates leave out seeded files.
        Context().run(follow, worker)


@contextmanager
def _release_at(root: Path) -> Iterator[None]:
    """Import what an update is made of from a release, whichever the process has imported."""
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
    """Methods of Copier's worker that are running, by name."""
    steps: dict[str, FrameType] = {}
    while frame is not None:
        if frame.f_globals.get("__name__") == "copier._main" and "self" in frame.f_locals:
            steps.setdefault(frame.f_code.co_name, frame)
        frame = frame.f_back
    return steps
