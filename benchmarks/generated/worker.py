"""The generated worker, with a job that does nothing."""

import asyncio
import sys
from dataclasses import replace

from orbit.chassis.cli.worker import worker  # type: ignore[import-not-found]
from orbit.chassis.current import current, use  # type: ignore[import-not-found]
from orbit.chassis.jobs import JobContext, job  # type: ignore[import-not-found]
from orbit.chassis.runtime import open_runtime  # type: ignore[import-not-found]
from orbit.settings import Settings  # type: ignore[import-not-found]


async def _nothing(context: JobContext) -> None:
    """Do nothing."""


_nothing.__name__ = "nothing"
nothing = job()(_nothing)


async def enqueue(count: int) -> None:
    """Fill the queue.

    Args:
        count: Number of jobs.
    """
    async with open_runtime(Settings()) as runtime:
        for _ in range(count):
            await nothing.enqueue(runtime.queue)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(enqueue(int(sys.argv[1])))
    else:
        use(replace(current(), jobs=[nothing]))
        worker()
