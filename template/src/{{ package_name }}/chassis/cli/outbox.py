"""`outbox`: jobs that wait for the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from ..runtime import Runtime

outbox = typer.Typer(help="Look at jobs that wait for the broker.")

Key = Annotated[str, typer.Argument(help="Key of the job, as `outbox list` shows it.")]


@outbox.callback(invoke_without_command=True)
def count(
    context: typer.Context,
    drain: Annotated[
        bool, typer.Option("--drain", help="Send waiting jobs to the broker now, as workers do.")
    ] = False,
) -> None:
    """Print how many jobs wait in the outbox, and the age of the oldest."""
    if context.invoked_subcommand is not None:
        return
    from ..db.base import utc_now
    from .process import in_runtime

    async def task(runtime: Runtime) -> None:
        if drain:
            typer.echo(f"{await runtime.queue.drain()} sent to the broker")
        count, oldest = await runtime.queue.waiting()
        if oldest is None:
            typer.echo("The outbox is empty.")
        else:
            typer.echo(f"{count} wait, the oldest for {(utc_now() - oldest).total_seconds():.0f} s")

    in_runtime(task)


@outbox.command("list")
def list_rows(
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
) -> None:
    """List waiting jobs, oldest first, and those that cannot be decoded."""
    from .process import in_runtime

    async def task(runtime: Runtime) -> None:
        for row in await runtime.queue.rows(limit):
            written = row.written_at.strftime("%Y-%m-%d %H:%M:%S")
            problem = runtime.queue.problem(row)
            typer.echo(f"{row.key}  {written}  {row.job}  {problem}".rstrip())

    in_runtime(task)


@outbox.command()
def show(key: Key) -> None:
    """Show what is stored of a waiting job, as JSON."""
    import json

    from .process import in_runtime

    async def task(runtime: Runtime) -> None:
        rows = await runtime.queue.rows_of(key)
        for row in rows:
            problem = runtime.queue.problem(row)
            stored = row.payload if problem else json.loads(row.payload)
            written = row.written_at.isoformat()
            shown = {"key": row.key, "job": row.job, "written_at": written, "stored": stored}
            typer.echo(json.dumps(shown | ({"problem": problem} if problem else {}), indent=2))
        if not rows:
            _unknown(key)

    in_runtime(task)


@outbox.command()
def retry(key: Key) -> None:
    """Send a waiting job to the broker now."""
    from .process import fail, in_runtime

    async def task(runtime: Runtime) -> None:
        rows = await runtime.queue.rows_of(key)
        if not rows:
            _unknown(key)
        for row in rows:
            if problem := runtime.queue.problem(row):
                fail(f"{key} cannot be sent: {problem}. `outbox drop` removes it.")
        await runtime.queue.send(rows)
        typer.echo(f"{key} sent to the broker")

    in_runtime(task)


@outbox.command()
def drop(key: Key) -> None:
    """Remove a waiting job, which then never runs."""
    from .process import in_runtime

    async def task(runtime: Runtime) -> None:
        if not await runtime.queue.drop(key):
            _unknown(key)
        typer.echo(f"{key} dropped")

    in_runtime(task)


def _unknown(key: str) -> NoReturn:
    from .process import fail

    fail(f"There is no job {key!r} in the outbox: see `outbox list`.")
