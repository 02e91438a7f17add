"""A worker: a process that takes tasks of one release from a broker.

`python -m twelvestar.fleet.process`, with what it needs in its environment, because arguments are
for everybody to read.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis.asyncio
from saq import Job, Worker
from saq.queue.redis import RedisQueue

from .endings import shut_down
from .tasks import Task
from .work import worker

FUNCTION = "update"
HEARTBEAT = 15
"""Seconds after which a task counts as lost whose worker has not been heard of."""

_BEAT, _WATCH = 4, 1
_VARIABLES = "TWELVESTAR_WORKER_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a worker needs to know.

    Attributes:
        broker: Address of the broker.
        queue: Name of the queue.
        state: The state folder.
        template: A clone of the template.
        code: An export of the release.
        parent: The process without which it ends.
        own: Whether the broker ends too, if that process is gone.
    """

    broker: str
    queue: str
    state: str
    template: str
    code: str
    parent: str
    own: str = ""

    def variables(self) -> dict[str, str]:
        """The same as variables of an environment."""
        names = self.__slots__
        return {f"{_VARIABLES}{name.upper()}": getattr(self, name) for name in names}


def orders() -> Orders:
    """Read what this process needs to know, and let nothing that it starts read it."""
    names = Orders.__slots__
    return Orders(**{name: os.environ.pop(f"{_VARIABLES}{name.upper()}", "") for name in names})


class _Unswept(RedisQueue):
    """A queue that only the coordinator sweeps.

    SAQ's workers sweep too, and take a task for lost that another one has just taken and not yet
    marked as its own.
    """

    async def sweep(self, lock: int = 60, abort: float = 5.0) -> list[str]:
        return []


def make_queue(broker: str, name: str, *, swept: bool = True) -> RedisQueue:
    """Have a queue; `Queue.from_url` takes no sockets.

    Args:
        broker: Address of the broker.
        name: Name of the queue.
        swept: Whether who has it may look for lost tasks.
    """
    kind = RedisQueue if swept else _Unswept
    return kind(redis.asyncio.from_url(broker), name=name)


async def work(told: Orders) -> None:
    """Do tasks until a signal or until the parent is gone.

    Args:
        told: What to know.
    """
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="update")
    loop = asyncio.get_running_loop()
    with worker(Path(told.state), Path(told.code), Path(told.template)) as doing:

        async def update(context: dict[str, Any], *, task: dict[str, Any]) -> dict[str, Any]:
            beating = asyncio.create_task(_beat(context["job"]))
            try:
                outcome = await loop.run_in_executor(thread, doing.do, Task.from_json(task))
            finally:
                beating.cancel()
            return outcome.to_json()

        queue = make_queue(told.broker, told.queue, swept=False)
        saq: Worker[Any] = Worker(queue, [(FUNCTION, update)], concurrency=1)
        watching = asyncio.create_task(_watch(told))
        try:
            await saq.start()
        finally:
            watching.cancel()
            await queue.disconnect()
            thread.shutdown(wait=False, cancel_futures=True)


async def _beat(job: Job) -> None:
    while True:
        await asyncio.sleep(_BEAT)
        # Without a broker there is nobody to tell; the next one knows nothing of this task.
        with suppress(redis.RedisError, OSError):
            await job.update()


async def _watch(told: Orders) -> None:
    """End with the process that has started this one, however that ends."""
    while os.getppid() == int(told.parent):
        await asyncio.sleep(_WATCH)
    if told.own:
        shut_down(told.broker)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Be a worker."""
    told = orders()
    # What SAQ says, such as of a broker that is away, the coordinator says too.
    logging.disable()
    asyncio.run(work(told))
    # What is computed in the thread is lost anyway, and would keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
