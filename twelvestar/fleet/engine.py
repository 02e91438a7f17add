"""Engines that run tasks: this process, or workers behind a broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..template import Release, Template
from .tasks import Outcome, Task
from .work import Worker, worker


class Engine(Protocol):
    """Runs tasks."""

    async def do(self, task: Task) -> Outcome:
        """Run a task.

        Args:
            task: The task.
        """


@dataclass(frozen=True, slots=True)
class Program:
    """The update program of a release.

    Attributes:
        template: A clone of the template.
        release: The release.
        code: An export of it.
    """

    template: Template
    release: Release
    code: Path


class InProcess:
    """Runs tasks in this process, one after the other.

    Args:
        state: The state folder.
        program: The update program of the release.
    """

    def __init__(self, state: Path, program: Program) -> None:
        self._state = state
        self._program = program
        # One thread, because the update program of a release is not thread-safe.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="update")
        self._opened = ExitStack()
        self._worker: Worker | None = None

    async def do(self, task: Task) -> Outcome:
        """Run a task after those before it.

        Args:
            task: The task.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, task)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[InProcess]:
        """Run it for the duration of the context."""
        try:
            yield self
        finally:
            self._thread.shutdown(cancel_futures=True)
            self._opened.close()

    def _do(self, task: Task) -> Outcome:
        if self._worker is None:
            program = self._program
            opening = worker(self._state, program.code, program.template.folder)
            self._worker = self._opened.enter_context(opening)
        return self._worker.do(task)
