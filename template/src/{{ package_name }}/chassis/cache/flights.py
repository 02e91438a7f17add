"""One computation for all who want its result at the same time, in this process."""

import asyncio
from collections.abc import Awaitable, Callable


class Flights:
    """Computations that are under way, by their keys."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[bytes]] = {}

    async def join(self, key: str, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """Wait for the computation that is under way, or begin it.

        It goes on when whoever began it is cancelled, because others may wait for it too.

        Args:
            key: What is computed.
            make: Computes it.
        """
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(_run(make))
            task.add_done_callback(lambda _: self._tasks.pop(key))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(make: Callable[[], Awaitable[bytes]]) -> bytes:
    return await make()
