"""Liveness and readiness of a process."""

from collections.abc import Mapping
from dataclasses import dataclass

from .runtime import CheckResult, Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """State of this process."""

    status: str
    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness(Health):
    """State of this process and of its backing services."""

    checks: Mapping[str, CheckResult]

    @property
    def http_status(self) -> int:
        """HTTP status of a readiness probe with this state."""
        return 503 if self.status == "unavailable" else 200


async def readiness(runtime: Runtime) -> Readiness:
    """Run all readiness checks.

    Args:
        runtime: The runtime.

    Returns:
        `unavailable` if a required service is down, `degraded` if an optional one is.
    """
    checks = await runtime.check()
    missing = [result for result in checks.values() if not result.ok]
    ready = not any(result.required for result in missing)
    status = "unavailable" if not ready else "degraded" if missing else "ok"
    return Readiness(status=status, release=runtime.settings.release, checks=checks)
