"""Metrics of several web processes, served together by each of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory


class NoFolder(Exception):
    """There is no folder for the metrics; the message says what to do."""


@contextmanager
def shared_metrics(processes: int) -> Iterator[None]:
    """Set a folder for the metrics of the web processes that are started in this context.

    Args:
        processes: Number of web processes; a single one keeps its metrics in memory.

    Raises:
        NoFolder: If no temporary folder can be created.
    """
    if processes == 1:
        yield
        return
    try:
        created = TemporaryDirectory(prefix="metrics-")
    except OSError as error:
        raise NoFolder(
            f"{processes} web processes share their metrics in a temporary folder, which cannot be "
            f"created ({error.strerror}): make /tmp writable, or set WEB_PROCESSES=1."
        ) from None
    with created as folder:
        # prometheus_client reads this variable when it is imported.
        os.environ.update(PROMETHEUS_MULTIPROC_DIR=folder)
        yield
