"""`health`: how the process that runs here is."""

from typing import Annotated

import typer


def health(
    ready: Annotated[
        bool, typer.Option("--ready", help="Also ask whether it can reach its backing services.")
    ] = False,
) -> None:
    """Ask the process that runs here whether it lives; ends with status 1 if it is not well."""
    from ..probe import Unhealthy, ask

    try:
        typer.echo(ask("/health/ready" if ready else "/health/live"))
    except Unhealthy as problem:
        typer.echo(problem, err=True)
        raise typer.Exit(1) from None
