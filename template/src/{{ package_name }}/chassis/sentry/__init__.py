"""Reports of unexpected errors to Sentry, if SENTRY_DSN is set.

Errors are only reported by calls of `report`. Without SENTRY_DSN, sentry_sdk is not imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..settings import ChassisSettings
    from .client import SentryClient

_client: SentryClient | None = None


def start_sentry(settings: ChassisSettings, *, process: str) -> None:
    """Enable reports of this process, if SENTRY_DSN is set.

    Args:
        settings: Settings with DSN, release and environment.
        process: Process type, for the reports.
    """
    global _client
    dsn = settings.sentry_dsn.get_secret_value()
    if dsn:
        from .client import SentryClient

        _client = SentryClient(settings, dsn=dsn, process=process)


def report(error: BaseException, *, where: str | None = None) -> None:
    """Report an error, without waiting for Sentry.

    Args:
        error: The error.
        where: What failed, such as a route; it is the report's transaction name.
    """
    if _client is not None:
        _client.capture(error, where)


def stop_sentry() -> None:
    """Flush pending reports for at most two seconds, and disable reports."""
    global _client
    if _client is not None:
        _client.close()
        _client = None
