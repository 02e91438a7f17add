"""What is being made in this process, once for all who want it at the same time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

# For how long others wait for whoever makes something, should that never end.
LEASE_SECONDS = 10.0


class Flights:
    """What is under way, by its key."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[bytes]] = {}
        self._ends: dict[str, asyncio.Future[None]] = {}

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

    @asynccontextmanager
    async def lead(self, key: str) -> AsyncIterator[bool]:
        """Lead the making of something until the context is left, or wait until a leader has left.

        A leader who leaves by an exception made nothing, and the next one leads. One who leaves in
        another way, or stays for `LEASE_SECONDS`, lets all go who wait.

        Args:
            key: What is made.

        Yields:
            Whether to make it for others as well.
        """
        while (end := self._ends.get(key)) is not None:
            await asyncio.wait([end])
            if not end.cancelled():
                yield False
                return
        loop = asyncio.get_running_loop()
        end = self._ends[key] = loop.create_future()
        lapse = loop.call_later(LEASE_SECONDS, self._let_go, key, end)
        try:
            yield True
        except BaseException:
            end.cancel()
            raise
        finally:
            lapse.cancel()
            self._let_go(key, end)

    def _let_go(self, key: str, end: asyncio.Future[None]) -> None:
        if self._ends.get(key) is end:
            del self._ends[key]
        if not end.done():
            end.set_result(None)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(make: Callable[[], Awaitable[bytes]]) -> bytes:
    return await make()
