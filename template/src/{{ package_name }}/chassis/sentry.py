"""Errors that nobody expected, reported to Sentry where SENTRY_DSN is set.

Nothing is reported by itself: who catches such an error calls `report`. Where SENTRY_DSN is empty,
sentry_sdk is not even imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sentry_client import SentryClient
    from .settings import ChassisSettings

_client: SentryClient | None = None


def start_sentry(settings: ChassisSettings, *, process: str) -> None:
    """Report the errors of this process from now on, if SENTRY_DSN is set.

    Args:
        settings: Where to report, and the release and the deployment that reports name.
        process: Process type that reports name.
    """
    global _client
    dsn = settings.sentry_dsn.get_secret_value()
    if dsn:
        from .sentry_client import SentryClient

        _client = SentryClient(settings, dsn=dsn, process=process)


def report(error: BaseException, *, where: str | None = None) -> None:
    """Report an error, without waiting for Sentry.

    Args:
        error: The error.
        where: What failed, such as a route; reports are listed under it.
    """
    if _client is not None:
        _client.capture(error, where)


def stop_sentry() -> None:
    """Send what waits to be sent, for at most two seconds, and report nothing more."""
    global _client
    if _client is not None:
        _client.close()
        _client = None
