"""The one step that changes a project, in a separate process.

It starts with a plan on disk and ends by deleting it. The process has its own session, so that
neither Ctrl-C nor the end of the command interrupts it. After a power failure or `kill -9`, the
next update undoes what was written.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .end import DONE, FAILED, IN_THE_WAY, MOVED, NOTHING, End
from .errors import Status, UpdateError
from .plan import PLAN

__all__ = [
    "DONE",
    "FAILED",
    "IN_THE_WAY",
    "MOVED",
    "NOTHING",
    "End",
    "carry_out",
    "interrupts_ignored",
    "undo",
]


def carry_out(folder: Path) -> End:
    """Carry out the plan of a repository.

    Args:
        folder: Its git folder.

    Raises:
        UpdateError: When it failed and could not be undone.
    """
    end = _in_separate_process("write", folder)
    if end.how == FAILED and (folder / PLAN).exists():
        # The process was killed, or could not restore what it had overwritten.
        undone = undo(folder)
        if undone.how != DONE:
            raise UpdateError(
                f"Writing the update failed ({end.why}), and undoing it failed too "
                f"({undone.why}): fix that, and undo the update with --undo.",
                Status.FAILED,
            )
    return end


def undo(folder: Path, top: Path | None = None) -> End:
    """Undo what was written of a plan.

    Args:
        folder: The git folder of the repository.
        top: Root of the working tree, if it was moved since; by default as in the plan.
    """
    return _in_separate_process("undo", folder, *([] if top is None else [top]))


def _in_separate_process(task: str, *places: Path) -> End:
    start = "import sys; sys.path.insert(0, sys.argv[1]); from updating.writer import main; main()"
    command = [sys.executable, "-I", "-X", "utf8", "-c", start, str(Path(__file__).parents[1])]
    try:
        with interrupts_ignored():
            done = subprocess.run(
                [*command, task, *map(str, places)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                start_new_session=True,
                check=False,
            )
    except OSError as error:
        return End(FAILED, f"{sys.executable}: {error.strerror}")
    if done.returncode == 0:
        end = json.loads(done.stdout)
        return End(end["how"], end["why"], tuple(end["left"]))
    lines = done.stderr.strip().splitlines()
    return End(FAILED, lines[-1] if lines else f"status {done.returncode}")


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Ignore Ctrl-C, on which Python would kill the child process that it waits for."""
    number = {signal.SIGINT}
    were = signal.pthread_sigmask(signal.SIG_BLOCK, number)
    try:
        yield
    finally:
        # The update is finished, and the report says how to undo it.
        if signal.SIGINT in signal.sigpending():
            signal.sigwait(number)
        signal.pthread_sigmask(signal.SIG_SETMASK, were)
