"""The one step that changes a project, in a process of its own.

It begins with a plan on disk and ends by deleting it. It has a session of its own, so that neither
Ctrl-C nor the end of the command interrupts it. What a power cut or `kill -9` leaves behind can be
undone, and the next update does so.
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
    "undisturbed",
    "undo",
]


def carry_out(folder: Path) -> End:
    """Carry out the plan of a repository.

    Args:
        folder: Its git folder.

    Raises:
        UpdateError: When it failed and could not be undone.
    """
    end = _in_a_process_of_its_own("write", folder)
    if end.how == FAILED and (folder / PLAN).exists():
        # The process was killed, or could not even put back what it had written.
        undone = undo(folder)
        if undone.how != DONE:
            raise UpdateError(
                f"It failed while it wrote ({end.why}), and could not be undone ({undone.why}): "
                "mend that, and undo it with --undo.",
                Status.FAILED,
            )
    return end


def undo(folder: Path, top: Path | None = None) -> End:
    """Undo what was written of a plan.

    Args:
        folder: The git folder of the repository.
        top: Root of the working tree, which may have been moved since; by default where it was.
    """
    return _in_a_process_of_its_own("undo", folder, *([] if top is None else [top]))


def _in_a_process_of_its_own(task: str, *places: Path) -> End:
    start = "import sys; sys.path.insert(0, sys.argv[1]); from updating.writer import main; main()"
    command = [sys.executable, "-I", "-X", "utf8", "-c", start, str(Path(__file__).parents[1])]
    try:
        with undisturbed():
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
def undisturbed() -> Iterator[None]:
    """Overhear Ctrl-C: at it, Python would kill the process that it waits for."""
    number = {signal.SIGINT}
    were = signal.pthread_sigmask(signal.SIG_BLOCK, number)
    try:
        yield
    finally:
        # What is done is done, and the report says how to undo it.
        if signal.SIGINT in signal.sigpending():
            signal.sigwait(number)
        signal.pthread_sigmask(signal.SIG_SETMASK, were)
