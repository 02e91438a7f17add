"""A process of the web server ends with the main process, however that ended."""

import multiprocessing
import os
import signal
import threading
import time

import structlog

LOOK_SECONDS = 1

log = structlog.get_logger(__name__)


def end_with_parent(shutdown_seconds: int) -> None:
    """End this process when the one that started it is gone, even if that was killed.

    Does nothing in a process that another server started.

    Args:
        shutdown_seconds: How long requests that have begun may take from then on, in seconds.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        watching = threading.Thread(
            target=_watch, args=(parent.pid, shutdown_seconds), name="parent", daemon=True
        )
        watching.start()


def _watch(parent: int, shutdown_seconds: int) -> None:
    # The process that takes orphans in has another number.
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    log.error("main process gone", process_id=parent)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(shutdown_seconds)
    os.kill(os.getpid(), signal.SIGKILL)
