"""A worker process, which runs tasks of one release from a broker.

`python -m twelvestar.fleet.process` reads its parameters from the environment, because other users
can see arguments.
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
"""Seconds without a heartbeat after which a task counts as lost."""

_BEAT, _WATCH = 4, 1
_VARIABLES = "TWELVESTAR_WORKER_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Parameters of a worker.

    Attributes:
        broker: Address of the broker.
        queue: Name of the queue.
        state: The state folder.
        template: A clone of the template.
        code: An export of the release.
        parent: Id of the parent process; the worker exits when it ends.
        own: Whether to shut down the broker too when the parent ends.
    """

    broker: str
    queue: str
    state: str
    template: str
    code: str
    parent: str
    own: str = ""

    def variables(self) -> dict[str, str]:
        """The parameters as environment variables."""
        names = self.__slots__
        return {f"{_VARIABLES}{name.upper()}": getattr(self, name) for name in names}


def orders() -> Orders:
    """Read the parameters of this process, and hide them from its child processes."""
    names = Orders.__slots__
    return Orders(**{name: os.environ.pop(f"{_VARIABLES}{name.upper()}", "") for name in names})


class _Unswept(RedisQueue):
    """A queue that only the coordinator sweeps.

    SAQ's workers sweep too, and treat a task as lost that another worker has taken but not yet
    marked.
    """

    async def sweep(self, lock: int = 60, abort: float = 5.0) -> list[str]:
        return []


def make_queue(broker: str, name: str, *, swept: bool = True) -> RedisQueue:
    """Make a queue; `Queue.from_url` does not support sockets.

    Args:
        broker: Address of the broker.
        name: Name of the queue.
        swept: Whether its owner may sweep for lost tasks.
    """
    kind = RedisQueue if swept else _Unswept
    return kind(redis.asyncio.from_url(broker), name=name)


async def work(parameters: Orders) -> None:
    """Run tasks until a signal, or until the parent ends.

    Args:
        parameters: The parameters.
    """
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="update")
    loop = asyncio.get_running_loop()
    with worker(Path(parameters.state), Path(parameters.code), Path(parameters.template)) as doing:

        async def update(context: dict[str, Any], *, task: dict[str, Any]) -> dict[str, Any]:
            beating = asyncio.create_task(_beat(context["job"]))
            try:
                outcome = await loop.run_in_executor(thread, doing.do, Task.from_json(task))
            finally:
                beating.cancel()
            return outcome.to_json()

        queue = make_queue(parameters.broker, parameters.queue, swept=False)
        saq: Worker[Any] = Worker(queue, [(FUNCTION, update)], concurrency=1)
        watching = asyncio.create_task(_watch(parameters))
        try:
            await saq.start()
        finally:
            watching.cancel()
            await queue.disconnect()
            thread.shutdown(wait=False, cancel_futures=True)


async def _beat(job: Job) -> None:
    while True:
        await asyncio.sleep(_BEAT)
        # Without a broker, there is nothing to update: a new one does not have this job.
        with suppress(redis.RedisError, OSError):
            await job.update()


async def _watch(parameters: Orders) -> None:
    """Exit when the parent process ends."""
    while os.getppid() == int(parameters.parent):
        await asyncio.sleep(_WATCH)
    if parameters.own:
        shut_down(parameters.broker)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run a worker."""
    parameters = orders()
    # The coordinator logs the same errors, such as an unreachable broker.
    logging.disable()
    asyncio.run(work(parameters))
    # The thread's result would be lost, so do not wait for the thread.
    os._exit(0)


if __name__ == "__main__":
    main()
