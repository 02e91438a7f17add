"""Access lines: one for each answer, and those of one turn of the event loop in one write.

A write lets the server's threads go first, and costs more than making the line.
"""

import asyncio
import logging
import sys
from contextvars import Context, copy_context
from typing import Any

import structlog
from structlog.typing import EventDict

from ..log import ACCESS


class AccessLog:
    """Makes lines as every logger does, by the configuration that stands when it is made."""

    def __init__(self) -> None:
        # The parts of a logger, because the call of a whole one costs more than the line.
        configuration = structlog.get_config()
        self._processors = configuration["processors"]
        self._logger = configuration["logger_factory"](ACCESS)
        self._wanted = structlog.get_logger().bind().is_enabled_for(logging.INFO)
        self._waiting: list[tuple[Context, EventDict]] = []

    def add(self, event: EventDict) -> None:
        """Write a line when this turn of the event loop is over.

        Args:
            event: What it says, besides what the context knows by now.
        """
        if not self._wanted:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._write)
        self._waiting.append((copy_context(), event))

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        for context, event in waiting:
            try:
                self._logger.info(context.run(self._render, event))
            except structlog.DropEvent:
                continue
        sys.stdout.flush()

    def _render(self, event: EventDict) -> Any:
        line: Any = event
        for process in self._processors:
            line = process(self._logger, "info", line)
        return line
