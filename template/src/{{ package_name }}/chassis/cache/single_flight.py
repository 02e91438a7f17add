"""Coalescing of concurrent computations: one computes, the others wait for its result."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

# Longest time that waiters block on a leader.
LEASE_SECONDS = 10.0


class SingleFlight:
    """Computations of this process that are running, by key."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[bytes]] = {}
        self._ends: dict[str, asyncio.Future[None]] = {}

    async def join(self, key: str, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """Wait for the running computation of a key, or start one.

        It is not cancelled with the caller that started it, because others may be waiting for it.

        Args:
            key: Key of the result.
            make: Computes the result.
        """
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(_run(make))
            task.add_done_callback(lambda _: self._tasks.pop(key))
        return await asyncio.shield(task)

    @asynccontextmanager
    async def lead(self, key: str) -> AsyncIterator[bool]:
        """Become the leader for a key, or wait for the current leader to finish.

        If the leader fails, the next waiter becomes the leader. If it succeeds or takes longer than
        `LEASE_SECONDS`, all waiters continue.

        Args:
            key: Key of the result.

        Yields:
            Whether the caller is the leader, and should compute the result.
        """
        while (end := self._ends.get(key)) is not None:
            await asyncio.wait([end])
            if not end.cancelled():
                yield False
                return
        loop = asyncio.get_running_loop()
        end = self._ends[key] = loop.create_future()
        lapse = loop.call_later(LEASE_SECONDS, self._release, key, end)
        try:
            yield True
        except BaseException:
            end.cancel()
            raise
        finally:
            lapse.cancel()
            self._release(key, end)

    def _release(self, key: str, end: asyncio.Future[None]) -> None:
        if self._ends.get(key) is end:
            del self._ends[key]
        if not end.done():
            end.set_result(None)

    async def close(self) -> None:
        """Cancel all running computations."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(make: Callable[[], Awaitable[bytes]]) -> bytes:
    return await make()
