"""Readiness checks of backing services, run concurrently."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from .outage import Outage

# Sends a request to a backing service, and raises if it fails.
Check = Callable[[], Awaitable[object]]

CHECK_SECONDS = 1.0

# Checks that timed out and have not ended yet.
_timed_out: set[asyncio.Future[object]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Result of a readiness check."""

    ok: bool
    milliseconds: float
    error: str | None = None
    required: bool


class CheckRunner:
    """Runs checks, and logs each outage once when it begins and once when it ends."""

    def __init__(self) -> None:
        self._outages: dict[str, Outage] = {}

    async def check(
        self, checks: Mapping[str, Check], optional: Collection[str]
    ) -> Mapping[str, CheckResult]:
        """Run all checks concurrently, each for at most `CHECK_SECONDS`.

        Args:
            checks: The checks by name.
            optional: Names of optional checks.

        Returns:
            The results by name.
        """
        running = (_run(check, required=name not in optional) for name, check in checks.items())
        results = dict(zip(list(checks), await asyncio.gather(*running), strict=True))
        for name, result in results.items():
            outage = self._outages.setdefault(name, Outage("backing service", service=name))
            if result.error is None:
                outage.back()
            else:
                outage.lost(result.error)
        return results


async def _run(check: Check, *, required: bool) -> CheckResult:
    start = time.perf_counter()
    task = asyncio.ensure_future(check())
    try:
        await asyncio.wait([task], timeout=CHECK_SECONDS)
    finally:
        if not task.done():
            # Not awaited, because a driver can take seconds to close a silent connection.
            _timed_out.add(task)
            task.add_done_callback(_forget)
            task.cancel()
    error = None
    if not task.done():
        error = f"no response within {CHECK_SECONDS:g} s"
    elif problem := task.exception():
        # Only the type, because the message can contain an address with a password.
        error = type(problem).__name__
    milliseconds = round((time.perf_counter() - start) * 1000, 1)
    return CheckResult(ok=error is None, milliseconds=milliseconds, error=error, required=required)


def _forget(task: asyncio.Future[object]) -> None:
    _timed_out.discard(task)
    if not task.cancelled():
        # asyncio logs exceptions that were never retrieved.
        task.exception()
