"""Logging: one event per line on stdout.

Events of structlog and of the standard library pass through the same processors, so that all lines
have the same format, with process, release and context variables.
"""

import logging
import logging.config
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from .log_stream import LogHandler, LogStream
from .log_stream import Stream as Stream
from .settings import ChassisSettings

# Timestamp and event come first, for readers of the raw stream.
_FIRST = {"timestamp": None, "event": None}
# Fields that every line has. An event's own field of such a name gets an underscore at its end.
_STANDARD = {"timestamp", "level", "process", "release"}
# Control characters, which a terminal would carry out.
_CONTROL = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"
}

_encode = msgspec.json.Encoder(enc_hook=repr).encode
_UNENCODABLE = (TypeError, ValueError, OverflowError, RecursionError)

_stack = structlog.processors.StackInfoRenderer(additional_ignores=[__name__])
# No local variables in tracebacks, because they can contain passwords and personal data.
_traceback = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure_logging(
    settings: ChassisSettings,
    *,
    process: str,
    stream: Stream = "stdout",
    processors: Sequence[Processor] = (),
) -> None:
    """Set up structlog and the standard library for this process.

    Args:
        settings: Settings with level, format and release.
        process: Process type, for log lines.
        stream: Output stream; commands that print data log to stderr.
        processors: The service's own processors, which run before an event is rendered.
    """
    rendering = _rendering(settings, process=process)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *processors, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", LogStream(stream))),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        logging_config(settings, process=process, stream=stream, processors=processors)
    )
    logging.captureWarnings(True)


def logging_config(
    settings: ChassisSettings,
    *,
    process: str,
    stream: Stream = "stdout",
    processors: Sequence[Processor] = (),
) -> dict[str, Any]:
    """Configuration of the standard library's logging, for `logging.config.dictConfig`.

    Args:
        settings: Settings with level, format and release.
        process: Process type, for log lines.
        stream: Output stream.
        processors: The service's own processors, which run before an event is rendered.

    Returns:
        The configuration; its only handler renders records like structlog's events.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        # Server processes get this configuration pickled, and a formatter cannot be pickled.
        "formatters": {
            "chain": {
                "()": _formatter,
                "settings": settings,
                "process": process,
                "own": list(processors),
            }
        },
        "handlers": {
            "stream": {
                "class": f"{LogHandler.__module__}.{LogHandler.__name__}",
                "stream": stream,
                "formatter": "chain",
            }
        },
        "root": {"level": settings.log_level.upper(), "handlers": ["stream"]},
        "loggers": {},
    }


def _formatter(
    settings: ChassisSettings, process: str, own: Sequence[Processor]
) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            *own,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_rendering(settings, process=process),
            _to_text,
        ],
    )


def _rendering(settings: ChassisSettings, *, process: str) -> list[Processor]:
    """Processors that render an event as a line of bytes."""
    release = settings.release

    # A single function for speed, because every request logs a line.
    def to_json(logger: WrappedLogger, level: str, event: EventDict) -> bytes:
        if "stack_info" in event:
            event = _stack(logger, level, event)
        if "exc_info" in event:
            event = _traceback(logger, level, event)
        if not _STANDARD.isdisjoint(event):
            event = _renamed(event)
        line: EventDict = {**_FIRST, **event}
        line["timestamp"] = datetime.now(UTC)
        line["level"] = level
        line["process"] = process
        line["release"] = release
        try:
            return _encode(line)
        except _UNENCODABLE:
            # Values that JSON cannot represent must not raise in the code that logs.
            return _encode({_plain(name): _plain(value) for name, value in line.items()})

    def describe(_logger: WrappedLogger, level: str, event: EventDict) -> EventDict:
        event = {name: _visible(value) for name, value in _renamed(event).items()}
        event["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        event["level"] = level
        event["process"] = process
        event["release"] = release
        return event

    if settings.log_format == "json":
        return [to_json]
    colours = sys.stdout is not None and sys.stdout.isatty()
    plain = structlog.dev.plain_traceback
    console = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)
    return [describe, _stack, console, _to_bytes]


def _renamed(event: EventDict) -> EventDict:
    return {f"{name}_" if name in _STANDARD else name: value for name, value in event.items()}


def _visible(value: object) -> object:
    return value.translate(_CONTROL) if isinstance(value, str) else value


def _plain(value: object) -> str | datetime:
    if isinstance(value, datetime):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text.encode(errors="backslashreplace").decode()


def _to_bytes(_logger: WrappedLogger, _method: str, line: Any) -> bytes:
    return bytes(line, "utf-8")


def _to_text(_logger: WrappedLogger, _method: str, line: Any) -> str:
    return str(line, "utf-8")
