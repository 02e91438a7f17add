"""`web`: the process that answers requests."""

from typing import Annotated

import typer


def web(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Answer requests until SIGTERM; options win over HOST and PORT."""
    import gc

    # What a start imports stays: looking for garbage in it takes a tenth of the time. The
    # application turns it on again once it stands.
    gc.disable()

    from ..web.server import serve
    from .process import begin

    given = {"host": host, "port": port}
    settings = begin("web")
    serve(settings.model_copy(update={k: v for k, v in given.items() if v is not None}))
