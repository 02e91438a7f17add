"""`jobs outbox`: what waits for the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..runtime import Runtime


def outbox(
    drain: Annotated[
        bool, typer.Option("--drain", help="Hand it to the broker now, as workers do.")
    ] = False,
) -> None:
    """Tell how many jobs wait in the outbox, and for how long."""
    from ..db.base import utc_now
    from .process import in_runtime

    async def task(runtime: Runtime) -> None:
        if drain:
            typer.echo(f"{await runtime.queue.drain()} handed over")
        count, oldest = await runtime.queue.waiting()
        if oldest is None:
            typer.echo("Nothing waits.")
        else:
            typer.echo(f"{count} wait, the oldest for {(utc_now() - oldest).total_seconds():.0f} s")

    in_runtime(task)
