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
    """Respond when the server runs."""
    return "ready"


@post("/-/{what:str}", status_code=200)
async def tell(world: World, what: str, data: dict[str, Any]) -> dict[str, Any]:
    """Run a command of a test.

    Args:
        world: State of the stand-in.
        what: Name of a method of the state, without its prefix.
        data: Its arguments.
    """
    return {"result": getattr(world, f"tell_{what}")(**data)}


def broken(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """Report an error of the stand-in to the test.

    Args:
        error: The error.
    """
    return Response({"message": f"stand-in: {error!r}"}, status_code=501)


def create_app(folder: Path, token: str) -> ASGIApp:
    """Make the application.

    Args:
        folder: Folder for the repositories.
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
