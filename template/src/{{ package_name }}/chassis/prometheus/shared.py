"""Metrics of several web processes, served together by each of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory


@contextmanager
def shared_metrics(processes: int) -> Iterator[None]:
    """Set a folder for the metrics of the web processes that are started in this context.

    Args:
        processes: Number of web processes; a single one keeps its metrics in memory.
    """
    if processes == 1:
        yield
        return
    with TemporaryDirectory(prefix="metrics-") as folder:
        # prometheus_client reads this variable when it is imported.
        os.environ.update(PROMETHEUS_MULTIPROC_DIR=folder)
        yield
