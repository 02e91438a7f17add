"""Protection of servers from Ctrl-C, because their clients have to stop first."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ignoring_ctrl_c() -> Iterator[None]:
    """Make processes that are started in this context ignore SIGINT."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
