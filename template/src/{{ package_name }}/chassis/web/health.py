"""Health probes for orchestrators: startup, liveness and readiness."""

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec

from ..health import Health, Readiness, readiness
from ..runtime import Runtime


@get(
    "/ready",
    summary="Can the process take requests?",
    operation_id="check_readiness",
    responses={503: ResponseSpec(Readiness, description="A required service is unavailable")},
)
async def ready(runtime: NamedDependency[Runtime]) -> Response[Readiness]:
    """Check the backing services within two seconds; 503 if a required one is unavailable."""
    found = await readiness(runtime)
    return Response(found, status_code=found.http_status)


def health(release: str) -> Router:
    """Create the routes of the probes.

    Args:
        release: Release, for the responses.
    """

    # Called most often, so these two avoid the cost of dependencies.
    @get("/startup", summary="Has the process started?", operation_id="check_startup")
    async def startup() -> Health:
        """Startup probe: respond once the process serves requests."""
        return Health(status="ok", release=release)

    @get("/live", summary="Is the process alive?", operation_id="check_liveness")
    async def live() -> Health:
        """Liveness probe: ignores backing services, since a restart would not repair them."""
        return Health(status="ok", release=release)

    return Router("/health", route_handlers=[startup, live, ready], tags=["health"])
