"""Signals that tell a process to stop."""

import signal
from collections.abc import Callable

# A closed terminal sends SIGHUP.
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def when_told_to_stop(act: Callable[[], None]) -> None:
    """Call a function at SIGTERM, SIGINT and SIGHUP, besides what the event loop does then.

    Call it in the main thread, when the event loop has its own handlers.

    Args:
        act: The function; it runs in the main thread, between two steps of any other code.
    """
    for number in STOPPING:
        # The event loop reads signals from a file descriptor, whatever their handler is here.
        signal.signal(number, lambda _number, _frame: act())
        signal.siginterrupt(number, False)
