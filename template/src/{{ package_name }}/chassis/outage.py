"""Outages, each logged once when it begins and once when it ends."""

import time

import structlog

log = structlog.get_logger(__name__)


class Outage:
    """State of something that can be unavailable.

    Args:
        name: Name in log lines: `ledger` logs `ledger lost` and `ledger back`.
        context: Additional fields of these lines.

    Attributes:
        cause: Why it is unavailable, or None if it is available.
    """

    def __init__(self, name: str, **context: str) -> None:
        self.cause: str | None = None
        self._name = name
        self._context = context
        self._changed = 0.0

    def lost(self, cause: str, *, started: float | None = None, **details: str) -> None:
        """Record a failed request.

        Args:
            cause: Type of the error, or another short reason.
            started: Monotonic time at which the request was sent; None for now. A request that was
                sent before the last change of state is ignored.
            details: Additional fields of the line.
        """
        if self.cause is None and self._is_news(started):
            self._change(cause)
            log.warning(f"{self._name} lost", **self._context, error=cause, **details)

    def back(self, *, started: float | None = None) -> None:
        """Record a successful request.

        Args:
            started: Monotonic time at which the request was sent; None for now.
        """
        if self.cause is not None and self._is_news(started):
            self._change(None)
            log.info(f"{self._name} back", **self._context)

    def _is_news(self, started: float | None) -> bool:
        return started is None or started >= self._changed

    def _change(self, cause: str | None) -> None:
        self.cause, self._changed = cause, time.monotonic()
