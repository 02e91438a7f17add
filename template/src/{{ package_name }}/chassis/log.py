"""Logging: one event per line on stdout, through one chain of processors for every source.

structlog's loggers and the standard library's all end here, so that a line looks the same whoever
wrote it, names the process and its release, and carries what the context knows.
"""

import logging
import logging.config
import sys
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from .settings import ChassisSettings

Stream = Literal["stdout", "stderr"]

# The event's name and time come first, for whoever reads the raw stream.
_FIRST = {"timestamp": None, "event": None}

_encode = msgspec.json.Encoder(enc_hook=repr).encode
_UNENCODABLE = (TypeError, ValueError, OverflowError, RecursionError)

_stack = structlog.processors.StackInfoRenderer(additional_ignores=[__name__])
# Local variables stay out of tracebacks: they hold passwords and personal data.
_traceback = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure_logging(
    settings: ChassisSettings, *, process: str, stream: Stream = "stdout"
) -> None:
    """Set up structlog and the standard library for this process.

    Args:
        settings: Level and format, and the release that each line names.
        process: Which process type this is.
        stream: Where lines go. A command whose output is data logs to stderr.
    """
    rendering = _rendering(settings, process=process)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.BytesLoggerFactory(getattr(sys, stream).buffer),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(logging_config(settings, process=process, stream=stream))
    logging.captureWarnings(True)


def logging_config(
    settings: ChassisSettings, *, process: str, stream: Stream = "stdout"
) -> dict[str, Any]:
    """The standard library's part, in the form of `logging.config.dictConfig`.

    Args:
        settings: Level and format, and the release that each line names.
        process: Which process type this is.
        stream: Where lines go.

    Returns:
        A configuration whose only handler renders records as structlog's own events are rendered.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        # A process that is spawned gets this pickled, which what is made of it could not be.
        "formatters": {"chain": {"()": _formatter, "settings": settings, "process": process}},
        "handlers": {
            "stream": {
                "class": "logging.StreamHandler",
                "stream": f"ext://sys.{stream}",
                "formatter": "chain",
            }
        },
        "root": {"level": settings.log_level.upper(), "handlers": ["stream"]},
        "loggers": {},
    }


def _formatter(settings: ChassisSettings, process: str) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_rendering(settings, process=process),
            _to_text,
        ],
    )


def _rendering(settings: ChassisSettings, *, process: str) -> list[Processor]:
    """Make a line, in bytes, of an event that has its context."""
    release = settings.release

    # One step and no more, because every request pays for its access line.
    def to_json(logger: WrappedLogger, level: str, event: EventDict) -> bytes:
        if "stack_info" in event:
            event = _stack(logger, level, event)
        if "exc_info" in event:
            event = _traceback(logger, level, event)
        line: EventDict = {**_FIRST, **event}
        line["timestamp"] = datetime.now(UTC)
        line["level"] = level
        line["process"] = process
        line["release"] = release
        try:
            return _encode(line)
        except _UNENCODABLE:
            # What JSON does not know must not fail whoever logs it.
            return _encode({_plain(name): _plain(value) for name, value in line.items()})

    def describe(_logger: WrappedLogger, level: str, event: EventDict) -> EventDict:
        event["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        event["level"] = level
        event["process"] = process
        event["release"] = release
        return event

    if settings.log_format == "json":
        return [to_json]
    colours = sys.stdout.isatty()
    plain = structlog.dev.plain_traceback
    console = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)
    return [describe, _stack, console, _to_bytes]


def _plain(value: object) -> str | datetime:
    if isinstance(value, datetime):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text.encode(errors="backslashreplace").decode()


def _to_bytes(_logger: WrappedLogger, _method: str, line: Any) -> bytes:
    return bytes(line, "utf-8")


def _to_text(_logger: WrappedLogger, _method: str, line: Any) -> str:
    return str(line, "utf-8")
