"""Log lines, read as strictly as a log router reads them."""

import json
from datetime import datetime
from typing import Any

from .processes import Process

FIELDS = {"timestamp", "level", "event", "process", "release"}
LEVELS = {"debug", "info", "warning", "error", "critical"}


def log_lines(process: Process) -> list[dict[str, Any]]:
    """All that a process has written, which must be log lines on stdout and nothing else."""
    assert process.errors == []
    lines = [json.loads(line) for line in process.output]
    for line in lines:
        assert line.keys() >= FIELDS, line
        assert line["level"] in LEVELS, line
        assert datetime.fromisoformat(line["timestamp"]).tzinfo, line
    return lines
