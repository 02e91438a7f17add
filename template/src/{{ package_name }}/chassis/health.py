"""How a process says that it lives, and whether it can do its work."""

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
        """Status of an answer that says this."""
        return 503 if self.status == "unavailable" else 200


async def readiness(runtime: Runtime) -> Readiness:
    """Ask every backing service.

    Args:
        runtime: The open backing services.

    Returns:
        "unavailable" if one is missing that cannot be missed, "degraded" if another is.
    """
    checks = await runtime.check()
    missing = [result for result in checks.values() if not result.ok]
    ready = not any(result.required for result in missing)
    status = "unavailable" if not ready else "degraded" if missing else "ok"
    return Readiness(status=status, release=runtime.settings.release, checks=checks)
