"""The engine with workers: SAQ spreads tasks over processes, here and on other machines."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import redis
import structlog
from saq import Job, Status
from saq.job import TERMINAL_STATUSES
from saq.queue.redis import RedisQueue

from ..errors import Problem
from .broker import Broker
from .engine import Program
from .lease import Lease
from .process import FUNCTION, HEARTBEAT, Orders, make_queue
from .states import State
from .work import Outcome, Task

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
    """Worker processes on this machine, started again when they end.

    Args:
        orders: What they need to know.
        count: How many there are.
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
        """Start those that are missing.

        Raises:
            Problem: When they end as soon as they are started.
        """
        for process, began in list(self._running):
            if process.poll() is None:
                continue
            self._running.remove((process, began))
            self._young = self._young + 1 if time.monotonic() - began < _YOUNG else 0
            _LOG.warning("a worker ended", pid=process.pid, status=process.returncode)
        if self._young > _MOST_YOUNG * max(self._count, 1):
            raise Problem("Workers end as soon as they start: see what they say above.", 4)
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
    """Has workers do the tasks.

    The queue is only a queue: what a broker forgets is enqueued again.

    Args:
        state: The state folder.
        program: The program of the release.
        count: Processes on this machine.
        url: Address of a broker of several machines; None for one of its own.
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
        self._waiting: dict[str, _Waiting] = {}

    async def do(self, task: Task) -> Outcome:
        """Have a task done.

        Args:
            task: The task.
        """
        told = task.to_json()
        number = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]
        job = Job(
            function=FUNCTION,
            kwargs={"task": told},
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
        """Have them for a while."""
        if self._broker:
            self._broker.start()
        self._queue: RedisQueue = make_queue(self._url, self._name)
        lease = Lease(self._url, self._program, self._name)
        try:
            if not self._broker:
                await lease.take()
            self.processes.look()
            async with asyncio.TaskGroup() as group:
                tending = group.create_task(self._tend())
                renewing = group.create_task(lease.keep()) if not self._broker else None
                try:
                    yield self
                finally:
                    tending.cancel()
                    if renewing:
                        renewing.cancel()
        finally:
            self.processes.stop()
            with suppress(redis.RedisError, OSError):
                await lease.give_back()
            with suppress(redis.RedisError, OSError):
                await self._queue.disconnect()
            if self._broker:
                self._broker.stop()

    async def _tend(self) -> None:
        """See to workers, broker and tasks for as long as it lasts."""
        while True:
            await asyncio.sleep(_POLL)
            self.processes.look()
            try:
                await self._collect()
            except (redis.RedisError, OSError) as error:
                _LOG.warning("the broker is away", why=str(error) or type(error).__name__)
                if self._broker and not self._broker.is_running():
                    await asyncio.to_thread(self._broker.start)
                else:
                    await asyncio.sleep(1)

    async def _collect(self) -> None:
        """Take what is done, and enqueue what the broker has forgotten."""
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
            await self._queue.sweep(lock=1)


def _outcome(job: Job) -> Outcome:
    if job.status is Status.COMPLETE:
        return Outcome.from_json(job.result)
    lines = (job.error or "").strip().splitlines() or ["nobody knows why"]
    why = f"Its workers gave up after {job.attempts} tries: {lines[-1]}"
    return Outcome(state=State.FAILED, why=why)


def _copy(job: Job) -> Job:
    """The same job, which no queue has seen yet."""
    return Job(
        function=job.function,
        kwargs=job.kwargs,
        key=job.key,
        timeout=job.timeout,
        heartbeat=job.heartbeat,
        retries=job.retries,
        ttl=job.ttl,
    )
