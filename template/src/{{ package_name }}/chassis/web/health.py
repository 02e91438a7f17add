"""What an orchestrator asks: has it started, does it live, can it take requests."""

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec

from ..health import Health, Readiness, readiness
from ..runtime import Runtime


@get(
    "/ready",
    summary="Can the process take requests?",
    responses={503: ResponseSpec(Readiness, description="Something is missing")},
)
async def ready(runtime: NamedDependency[Runtime]) -> Response[Readiness]:
    """Say which backing service is missing, within two seconds: 503 if it cannot be missed."""
    found = await readiness(runtime)
    return Response(found, status_code=found.http_status)


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
