"""Logging to stderr."""

from __future__ import annotations

import logging
import sys

import structlog

from .settings import Settings


def set_up(settings: Settings) -> None:
    """Configure logging.

    Args:
        settings: The settings.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    render: structlog.typing.Processor
    if settings.log_format == "json":
        render = structlog.processors.JSONRenderer()
    else:
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Messages of libraries, such as an unreachable broker, are only for debugging.
    quiet = logging.DEBUG if level <= logging.DEBUG else logging.CRITICAL
    logging.basicConfig(level=quiet, stream=sys.stderr)
