"""The engine with workers: SAQ distributes tasks to processes on this and other machines."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import redis
import structlog
from saq import Job, Status
from saq.job import TERMINAL_STATUSES
from saq.queue.redis import RedisQueue

from ..errors import Problem
from .broker import Broker
from .engine import InProcess, Program
from .lease import Lease
from .process import FUNCTION, HEARTBEAT, Orders, make_queue
from .states import State
from .tasks import Outcome, Task

_LOG = structlog.get_logger()
_POLL = 0.1
_TRIES = 4
_HOUR = 3600
_YOUNG, _MOST_YOUNG = 5, 5
_GRACE = 10
# A worker may be killed between taking a task and marking it as its own.
_STILL = 30


@dataclass(slots=True)
class _Waiting:
    job: Job
    done: asyncio.Future[Outcome]


class Processes:
    """Worker processes on this machine, restarted when they end.

    Args:
        orders: Their parameters.
        count: Their number.
    """

    def __init__(self, orders: Orders, count: int) -> None:
        self._orders = orders
        self._running: list[tuple[subprocess.Popen[bytes], float]] = []
        self._count = count
        self._young = 0

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [process.pid for process, _ in self._running]

    def look(self) -> None:
        """Restart processes that have ended.

        Raises:
            Problem: When they exit right after they start.
        """
        for process, began in list(self._running):
            if process.poll() is None:
                continue
            self._running.remove((process, began))
            self._young = self._young + 1 if time.monotonic() - began < _YOUNG else 0
            _LOG.warning("a worker ended", pid=process.pid, status=process.returncode)
        if self._young > _MOST_YOUNG * max(self._count, 1):
            raise Problem("Workers exit as soon as they start: see their output above.", 4)
        while len(self._running) < self._count:
            self._running.append((self._start(), time.monotonic()))

    def stop(self) -> None:
        """Stop them all."""
        for process, _ in self._running:
            process.terminate()
        until = time.monotonic() + _GRACE
        for process, _ in self._running:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "twelvestar.fleet.process"],
            env={**os.environ, **self._orders.variables()},
            stdin=subprocess.DEVNULL,
            # Ctrl-C is for the coordinator, which then stops its workers.
            start_new_session=True,
        )


class Workers:
    """Runs tasks on workers.

    Tasks that the broker has lost are enqueued again.

    Args:
        state: The state folder.
        program: The update program of the release.
        count: Number of processes on this machine.
        url: URL of a broker for several machines; None for an embedded one.
    """

    def __init__(self, state: Path, program: Program, count: int, url: str | None) -> None:
        self._state = state
        self._program = program
        self._broker = None if url else Broker(state)
        self._url = url or (self._broker.url if self._broker else "")
        name = f"fleet:{uuid.uuid4().hex[:12]}"
        orders = Orders(
            broker=self._url,
            queue=name,
            state=str(state.absolute()),
            template=str(program.template.folder),
            code=str(program.code),
            parent=str(os.getpid()),
            own="yes" if self._broker else "",
        )
        self.processes = Processes(orders, count)
        self._name = name
        self._moved = time.monotonic()
        self._local: InProcess | None = None
        self._waiting: dict[str, _Waiting] = {}

    async def do(self, task: Task) -> Outcome:
        """Run a task on a worker.

        Args:
            task: The task.
        """
        if self._local and task.kind == "folder":
            return await self._local.do(task)
        document = task.to_json()
        number = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:24]
        job = Job(
            function=FUNCTION,
            kwargs={"task": document},
            key=f"{number}-{uuid.uuid4().hex[:8]}",
            timeout=_HOUR,
            heartbeat=HEARTBEAT,
            retries=_TRIES,
            ttl=_HOUR,
        )
        waiting = _Waiting(job, asyncio.get_running_loop().create_future())
        self._waiting[job.key] = waiting
        try:
            with suppress(redis.RedisError, OSError):
                await self._queue.enqueue(_copy(job))
            return await waiting.done
        finally:
            self._waiting.pop(job.key, None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Workers]:
        """Run them for the duration of the context."""
        async with AsyncExitStack() as stack:
            self._queue: RedisQueue = make_queue(self._url, self._name)
            stack.push_async_callback(_in_peace, self._queue.disconnect)
            tasks = await stack.enter_async_context(_Ending())
            if self._broker:
                self._broker.start()
                stack.callback(self._broker.stop)
            else:
                lease = Lease(self._url, self._program, self._name)
                stack.push_async_callback(_in_peace, lease.give_back)
                await lease.take()
                tasks.start(lease.keep())
                # Workers on other machines cannot access folders of this one.
                local = InProcess(self._state, self._program)
                self._local = await stack.enter_async_context(local.running())
            stack.callback(self.processes.stop)
            self.processes.look()
            tasks.start(self._tend())
            yield self

    async def _tend(self) -> None:
        """Monitor workers, broker and tasks until cancelled."""
        while True:
            await asyncio.sleep(_POLL)
            self.processes.look()
            try:
                await self._collect()
            except (redis.RedisError, OSError) as error:
                _LOG.warning("the broker cannot be reached", why=str(error) or type(error).__name__)
                if self._broker and not self._broker.is_running():
                    await asyncio.to_thread(self._broker.start)
                else:
                    await asyncio.sleep(1)

    async def _collect(self) -> None:
        """Collect results, and enqueue tasks again that the broker has lost."""
        keys = list(self._waiting)
        if not keys:
            await self._queue.count("queued")
            return
        jobs = await self._queue.jobs(keys)
        for key, job in zip(keys, jobs, strict=True):
            waiting = self._waiting.get(key)
            if waiting is None or waiting.done.done():
                continue
            if job is None:
                await self._queue.enqueue(_copy(waiting.job))
            elif job.status in TERMINAL_STATUSES:
                self._moved = time.monotonic()
                waiting.done.set_result(_outcome(job))
        still = time.monotonic() - self._moved > _STILL
        if still or any(job is not None and job.stuck for job in jobs):
            self._moved = time.monotonic()
            if (
                still
                and not self.processes.pids
                and all(each.status is Status.QUEUED for each in jobs if each)
            ):
                _LOG.warning("there are no workers: start `twelvestar fleet work` on a machine")
            await self._queue.sweep(lock=1)


class _Ending(asyncio.TaskGroup):
    """Background tasks that are cancelled at the end of the block, and whose failure ends it."""

    def __init__(self) -> None:
        super().__init__()
        self._started: list[asyncio.Task[None]] = []

    def start(self, doing: Coroutine[Any, Any, None]) -> None:
        """Start a task.

        Args:
            doing: Its coroutine.
        """
        self._started.append(self.create_task(doing))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._started:
            task.cancel()
        await super().__aexit__(kind, error, trace)


async def _in_peace(doing: Callable[[], Awaitable[None]]) -> None:
    """Clean up, ignoring errors of a broker that is gone."""
    with suppress(redis.RedisError, OSError):
        await doing()


def _outcome(job: Job) -> Outcome:
    if job.status is Status.COMPLETE:
        return Outcome.from_json(job.result)
    lines = (job.error or "").strip().splitlines() or ["unknown error"]
    why = f"Its workers gave up after {job.attempts} tries: {lines[-1]}"
    return Outcome(state=State.FAILED, why=why)


def _copy(job: Job) -> Job:
    """A new copy of a job, which is in no queue."""
    return Job(
        function=job.function,
        kwargs=job.kwargs,
        key=job.key,
        timeout=job.timeout,
        heartbeat=job.heartbeat,
        retries=job.retries,
        ttl=job.ttl,
    )
