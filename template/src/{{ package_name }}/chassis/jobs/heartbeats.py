"""Heartbeats of running jobs, from a thread.

Code that blocks the event loop cannot delay them, so that no other worker runs the job meanwhile.
"""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from types import CodeType
from typing import Any

import structlog
from saq.job import Job

from ..settings import ChassisSettings
from .broker import BrokerUnavailable, converted_broker_errors
from .functions import JobFunction
from .queue import JobQueue, open_queue

JOIN_SECONDS = 2

log = structlog.get_logger(__name__)


class Heartbeats:
    """Writes the heartbeats of a worker's jobs, and logs which job blocks the event loop.

    Args:
        settings: Settings with the address of the broker and the length of a heartbeat.
        functions: The service's job functions by name.
    """

    def __init__(
        self, settings: ChassisSettings, functions: Mapping[str, JobFunction[..., Any]]
    ) -> None:
        self._settings = settings
        self._seconds = settings.job_heartbeat_seconds / 3
        self._names: dict[CodeType, str] = {
            function.function.__code__: name
            for name, function in functions.items()
            if hasattr(function.function, "__code__")
        }
        # Copied before it is read, because another thread changes it.
        self._jobs: dict[str, Job] = {}
        self._answered = 0.0

    @contextmanager
    def of(self, job: Job) -> Iterator[None]:
        """Write the heartbeat of a job for the duration of the context.

        Args:
            job: A running job.
        """
        self._jobs[job.id] = job
        try:
            yield
        finally:
            self._jobs.pop(job.id, None)

    def count(self) -> int:
        """How many jobs are running."""
        return len(self._jobs)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the thread for the duration of the context."""
        self._answered = time.monotonic()
        watched, beating = asyncio.get_running_loop(), asyncio.new_event_loop()
        stopped = asyncio.Event()

        def run() -> None:
            with asyncio.Runner(loop_factory=lambda: beating) as runner:
                runner.run(self._beat(watched, threading.main_thread(), stopped))

        thread = threading.Thread(target=run, name="heartbeats", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with suppress(RuntimeError):
                beating.call_soon_threadsafe(stopped.set)
            await asyncio.to_thread(thread.join, JOIN_SECONDS)

    async def _beat(
        self,
        watched: asyncio.AbstractEventLoop,
        thread: threading.Thread,
        stopped: asyncio.Event,
    ) -> None:
        blocked = False
        async with open_queue(self._settings, JobQueue) as queue:
            while not stopped.is_set():
                with suppress(RuntimeError):
                    # Fails if the loop has been closed.
                    watched.call_soon_threadsafe(self._answer)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopped.wait(), self._seconds)
                for job in list(self._jobs.values()):
                    with suppress(BrokerUnavailable), converted_broker_errors():
                        await queue.beat(job)
                silent = time.monotonic() - self._answered
                if silent < self._seconds:
                    blocked = False
                elif not blocked:
                    blocked = True
                    name = self._blocking(thread)
                    log.warning("event loop blocked", job=name, seconds=round(silent, 1))

    def _answer(self) -> None:
        self._answered = time.monotonic()

    def _blocking(self, thread: threading.Thread) -> str | None:
        """Name of the job whose code a thread is running."""
        frame = sys._current_frames().get(thread.ident or 0)
        while frame is not None:
            if frame.f_code in self._names:
                return self._names[frame.f_code]
            frame = frame.f_back
        return None
