"""What an orchestrator asks: has it started, does it live, can it take requests."""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec

from ..runtime import CheckResult, Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """State of this process."""

    status: str
    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness(Health):
    """State of this process and of its backing services."""

    checks: Mapping[str, CheckResult]


@get(
    "/ready",
    summary="Can the process take requests?",
    responses={503: ResponseSpec(Readiness, description="Something is missing")},
)
async def ready(runtime: NamedDependency[Runtime]) -> Response[Readiness]:
    """Say which backing service is missing, within two seconds: 503 if it cannot be missed."""
    checks = await runtime.check()
    missing = [result for result in checks.values() if not result.ok]
    ready = not any(result.required for result in missing)
    status = "unavailable" if not ready else "degraded" if missing else "ok"
    return Response(
        Readiness(status=status, release=runtime.settings.release, checks=checks),
        status_code=200 if ready else 503,
    )


def health(release: str) -> Router:
    """Make the routes.

    Args:
        release: Release that the answers name.
    """

    # Asked most often of all, these two have no dependency, which each request would pay for.
    @get("/startup", summary="Has the process started?")
    async def startup() -> Health:
        """Answer as soon as the process serves requests."""
        return Health(status="ok", release=release)

    @get("/live", summary="Does the process live?")
    async def live() -> Health:
        """Answer whatever the state of the backing services: a restart would not mend those."""
        return Health(status="ok", release=release)

    return Router("/health", route_handlers=[startup, live, ready], tags=["health"])
