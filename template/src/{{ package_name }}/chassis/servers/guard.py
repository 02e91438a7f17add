"""A process that ends the processes of `dev` if that is killed.

The module is also the program of that process: it reads the ids of processes from its standard
input until that is closed.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

GRACE_SECONDS = 10
POLL_SECONDS = 0.1


class Guard:
    """The processes to end.

    Args:
        pipe: File descriptor that the guarding process reads from.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def watch(self, process_id: int) -> None:
        """End a process if this one is killed.

        Args:
            process_id: Id of the process.
        """
        self._write(process_id)

    def forget(self, process_id: int) -> None:
        """Leave a process alone that has ended, since its id can be used again.

        Args:
            process_id: Id of the process.
        """
        self._write(-process_id)

    def _write(self, number: int) -> None:
        # Nothing is guarded if somebody has ended the guarding process.
        with suppress(BrokenPipeError):
            os.write(self._pipe, f"{number}\n".encode())


@contextmanager
def guarded() -> Iterator[Guard]:
    """Run a guarding process until the context ends."""
    theirs, ours = os.pipe()
    # In a session of its own, so that Ctrl-C and a closed terminal do not end it.
    process = subprocess.Popen(
        [sys.executable, "-I", __file__], stdin=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        yield Guard(ours)
    finally:
        process.terminate()
        process.wait()
        os.close(ours)


def main(lines: Iterable[str]) -> None:
    """End the processes that are watched when the input ends.

    Args:
        lines: Ids of processes; negative to forget one.
    """
    watched: set[int] = set()
    for line in lines:
        number = int(line)
        if number > 0:
            watched.add(number)
        else:
            watched.discard(-number)
    _signal(watched, signal.SIGTERM)
    end = time.monotonic() + GRACE_SECONDS
    while _signal(watched, 0) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    _signal(watched, signal.SIGKILL)


def _signal(processes: Iterable[int], number: int) -> bool:
    """Send a signal to processes, and tell whether one of them exists."""
    found = False
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)
            found = True
    return found


if __name__ == "__main__":
    main(sys.stdin)
