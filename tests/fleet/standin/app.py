"""The stand-in's application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.di import Provide
from litestar.types import ASGIApp

from .front import Front
from .gitea import GITEA
from .github import GITHUB
from .gitlab import GITLAB
from .pages import ON_ERRORS
from .smart_http import serve_git
from .world import World


@get("/-/ready")
async def ready() -> str:
    """Say that it runs."""
    return "ready"


@post("/-/{what:str}", status_code=200)
async def tell(world: World, what: str, data: dict[str, Any]) -> dict[str, Any]:
    """Do what a test asks for.

    Args:
        world: What the stand-in knows.
        what: Name of a method, without its prefix.
        data: Its arguments.
    """
    return {"result": getattr(world, f"tell_{what}")(**data)}


def broken(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """Tell a test what is wrong with the stand-in.

    Args:
        error: The error.
    """
    return Response({"message": f"stand-in: {error!r}"}, status_code=501)


def create_app(folder: Path, token: str) -> ASGIApp:
    """Make the application.

    Args:
        folder: Where the repositories are.
        token: A token that may do everything.
    """
    world = World(folder, token)
    app = Litestar(
        route_handlers=[ready, tell, serve_git, *GITHUB, *GITLAB, *GITEA],
        dependencies={"world": Provide(lambda: world, sync_to_thread=False)},
        exception_handlers={Exception: broken, **ON_ERRORS},
        openapi_config=None,
        request_max_body_size=None,
    )
    return Front(app, world)
