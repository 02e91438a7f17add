"""Server processes stop when the main process is gone, even if it was killed."""

import multiprocessing
import os
import signal
import threading
import time

import structlog

POLL_SECONDS = 1

log = structlog.get_logger(__name__)


def end_with_parent(shutdown_seconds: int) -> None:
    """Stop this process when its parent process is gone, even if that was killed.

    Does nothing in processes that were not started by multiprocessing.

    Args:
        shutdown_seconds: How long running requests may take to finish, in seconds.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A closed terminal sends it to all processes, of which the main process stops the others.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        watching = threading.Thread(
            target=_watch, args=(parent.pid, shutdown_seconds), name="parent", daemon=True
        )
        watching.start()


def _watch(parent: int, shutdown_seconds: int) -> None:
    # An orphan gets another parent process.
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    log.error("main process gone", process_id=parent)
    end = time.monotonic() + shutdown_seconds
    while time.monotonic() < end:
        # Repeated, because a signal during the server's startup is lost.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
