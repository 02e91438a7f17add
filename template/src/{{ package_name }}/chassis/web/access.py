"""Access lines: one for each answer, and those of one turn of the event loop in one write.

A write lets the server's threads go first, and costs more than making the line.
"""

import asyncio
import logging
from select import PIPE_BUF
from typing import Any

import structlog
from structlog.typing import EventDict


class AccessLog:
    """Makes lines as every logger does, by the configuration that stands when it is made."""

    def __init__(self) -> None:
        # The parts of a logger, because the call of a whole one costs more than the line.
        configuration = structlog.get_config()
        self._processors = configuration["processors"]
        self._logger = configuration["logger_factory"]()
        self._wanted = structlog.get_logger().bind().is_enabled_for(logging.INFO)
        self._lines: list[Any] = []

    def add(self, event: EventDict) -> None:
        """Make a line, which is written when this turn of the event loop is over.

        Args:
            event: What it says, besides what the context knows.
        """
        if not self._wanted:
            return
        line: Any = event
        try:
            for process in self._processors:
                line = process(self._logger, "info", line)
        except structlog.DropEvent:
            return
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write)
        self._lines.append(line)

    def _write(self) -> None:
        piece, *lines = self._lines
        self._lines = []
        # Without a configuration of one's own, structlog makes text.
        newline = "\n" if isinstance(piece, str) else b"\n"
        for line in lines:
            # Other processes may write into the same pipe, which keeps only so much in one piece.
            if len(piece) + len(line) + 2 * len(newline) > PIPE_BUF:
                self._logger.info(piece)
                piece = line
            else:
                piece += newline + line
        self._logger.info(piece)
