"""Output of log lines, which never changes what the process does.

A reader that has gone away, a full disk or a closed stream loses lines. The work that logs them
must not fail, and the process must not end with another status.
"""

import atexit
import logging
import os
import sys
from contextlib import suppress
from typing import Any, Literal

Stream = Literal["stdout", "stderr"]

# Errors of a stream that cannot be written, or is closed; a stream that was never open is None.
_CLOSED = (ValueError, AttributeError)
_FAILED = (OSError, *_CLOSED)


class LogStream:
    """Writes to a standard stream, and drops what cannot be written.

    Args:
        name: Name of the stream.
    """

    def __init__(self, name: Stream) -> None:
        self._stream: Any = getattr(sys, name)
        self._file: Any = getattr(self._stream, "buffer", None)
        atexit.register(self._discard)

    def write(self, data: bytes) -> None:
        """Write bytes, if possible."""
        with suppress(*_FAILED):
            self._file.write(data)

    def flush(self) -> None:
        """Send what was written, if possible."""
        try:
            self._file.flush()
        except BrokenPipeError:
            self._discard()
        except _FAILED:
            # A disk may have space again later.
            pass

    def _discard(self) -> None:
        """Let Python flush the stream at its end, which would otherwise change the exit status."""
        try:
            self._stream.flush()
        except OSError:
            with suppress(*_FAILED):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)
        except _CLOSED:
            pass


class LogHandler(logging.Handler):
    """Writes records of the standard library to a standard stream.

    Args:
        stream: Name of the stream.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = LogStream(stream)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as one line."""
        try:
            line = self.format(record)
        except Exception:
            self.handleError(record)
            return
        self._stream.write(f"{line}\n".encode(errors="backslashreplace"))
        self._stream.flush()
