"""Routes for tests."""

import asyncio
import os
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import QueryParameter


@get("/probe/wait")
async def probe_wait(seconds: Annotated[float, QueryParameter(ge=0)]) -> float:
    """Respond after some seconds."""
    await asyncio.sleep(seconds)
    return seconds


@get("/probe/client")
async def probe_client(request: Request[Any, Any, Any]) -> str:
    """Address of the client."""
    return request.client.host if request.client else ""


@post("/probe/body")
async def probe_body(request: Request[Any, Any, Any]) -> int:
    """Length of the body."""
    return len(await request.body())


@get("/probe/error")
async def probe_error() -> None:
    """Raise an unexpected error."""
    raise RuntimeError("probe failed")


@get("/probe/address")
async def probe_address(request: Request[Any, Any, Any]) -> list[str]:
    """Address of this request, and of the service."""
    return [str(request.url), str(request.base_url)]


@get("/probe/process")
async def probe_process() -> str:
    """Id of the server process."""
    return str(os.getpid())


ROUTES = [probe_wait, probe_client, probe_body, probe_error, probe_address, probe_process]
