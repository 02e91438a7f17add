"""Strict parsing of log lines."""

import json
from datetime import datetime
from typing import Any

from .processes import Process

FIELDS = {"timestamp", "level", "event", "process", "release"}
LEVELS = {"debug", "info", "warning", "error", "critical"}


def log_lines(process: Process) -> list[dict[str, Any]]:
    """Log events of a process, which must write nothing but log lines to stdout."""
    assert process.errors == []
    lines = [json.loads(line) for line in process.output]
    for line in lines:
        assert line.keys() >= FIELDS, line
        assert line["level"] in LEVELS, line
        assert datetime.fromisoformat(line["timestamp"]).tzinfo, line
    return lines
