"""Tasks that go on after the response, and that a process finishes before it ends."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

_running: set[asyncio.Task[None]] = set()


def start(work: Coroutine[Any, Any, None]) -> None:
    """Start a task without waiting for it.

    Args:
        work: The task; it logs its own errors.
    """
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)


@asynccontextmanager
async def finished_tasks() -> AsyncIterator[None]:
    """Wait for the running tasks when the context ends."""
    yield
    # Tests have several event loops in one process.
    loop = asyncio.get_running_loop()
    if unfinished := [task for task in _running if task.get_loop() is loop]:
        await asyncio.wait(unfinished)
