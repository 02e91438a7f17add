"""`health`: ask the health probe of the process that runs on this machine."""

from typing import Annotated

import typer


def health(
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask the readiness probe instead of the liveness probe.")
    ] = False,
) -> None:
    """Ask the liveness probe of the local process; exit with status 1 if it is unhealthy."""
    from ..probe import Unhealthy, request_probe

    try:
        typer.echo(request_probe("/health/ready" if ready else "/health/live"))
    except Unhealthy as problem:
        typer.echo(problem, err=True)
        raise typer.Exit(1) from None
