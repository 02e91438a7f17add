"""The end of processes that do not end by themselves."""

import os
import sys
import threading
import time
from contextlib import suppress

import structlog

from .stopping import when_told_to_stop

log = structlog.get_logger(__name__)


def exit_in(seconds: float, status: int, reason: str) -> None:
    """End this process after a time, whatever its threads are doing then.

    Args:
        seconds: The time.
        status: Exit status.
        reason: What is logged then.
    """
    waiting = threading.Thread(
        target=_exit, args=(seconds, status, reason), name="deadline", daemon=True
    )
    waiting.start()


def exit_after_signals(seconds: float, status: int, reason: str) -> None:
    """End this process some time after the first SIGTERM or SIGINT, besides what else they do.

    Call it in the main thread, when the event loop has its own handlers.

    Args:
        seconds: The time.
        status: Exit status.
        reason: What is logged then.
    """
    told = False

    def begin() -> None:
        nonlocal told
        if not told:
            told = True
            exit_in(seconds, status, reason)

    when_told_to_stop(begin)


def _exit(seconds: float, status: int, reason: str) -> None:
    time.sleep(seconds)
    busy = [thread.name for thread in threading.enumerate() if not thread.daemon]
    log.warning(reason, threads=busy)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)
