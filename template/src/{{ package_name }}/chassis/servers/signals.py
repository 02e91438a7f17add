"""Ctrl-C reaches every process of a terminal; servers must outlive those that use them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unmoved_by_ctrl_c() -> Iterator[None]:
    """Let processes that are started in this context ignore SIGINT."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
