"""What several web processes count is shown together, whichever of them is asked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory


@contextmanager
def shared_metrics(processes: int) -> Iterator[None]:
    """Give the web processes that are started in this context a folder to count in.

    Args:
        processes: How many there are; one alone counts in its memory.
    """
    if processes == 1:
        yield
        return
    with TemporaryDirectory(prefix="metrics-") as folder:
        # prometheus_client looks nowhere else, and no later than when it is imported.
        os.environ.update(PROMETHEUS_MULTIPROC_DIR=folder)
        yield
