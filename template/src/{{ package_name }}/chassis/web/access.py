"""Access log: one line per response, and one write per iteration of the event loop.

A write costs more than building a line, because it releases the GIL to the server's threads.
"""

import asyncio
import logging
from select import PIPE_BUF
from typing import Any

import structlog
from structlog.typing import EventDict


class AccessLog:
    """Writes lines like any other logger, with structlog's configuration at creation."""

    def __init__(self) -> None:
        # Call the processors directly, because a logger's own overhead is larger.
        configuration = structlog.get_config()
        self._processors = configuration["processors"]
        self._logger = configuration["logger_factory"]()
        self._wanted = structlog.get_logger().bind().is_enabled_for(logging.INFO)
        self._lines: list[Any] = []

    def add(self, event: EventDict) -> None:
        """Add a line, which is written at the end of this iteration of the event loop.

        Args:
            event: The event, without context variables.
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
        chunk, *lines = self._lines
        self._lines = []
        # structlog's default configuration renders text; ours renders bytes.
        newline = "\n" if isinstance(chunk, str) else b"\n"
        for line in lines:
            # Other processes may write to the same pipe; writes up to PIPE_BUF are atomic.
            if len(chunk) + len(line) + 2 * len(newline) > PIPE_BUF:
                self._logger.info(chunk)
                chunk = line
            else:
                chunk += newline + line
        self._logger.info(chunk)
