"""Admin commands for word counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..chassis.runtime import Runtime
    from ..settings import Settings

admin = typer.Typer(help="Tasks of an administrator.", no_args_is_help=True)


@admin.command()
def create(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Text to count.")],
) -> None:
    """Enqueue a count of the words of a file, and print its key."""
    from ..chassis.cli.process import in_runtime
    from ..jobs.counts import count_text

    async def task(runtime: Runtime) -> str:
        text = file.read_text()
        return (await count_text.enqueue(runtime.queue, text=text)).key

    typer.echo(in_runtime(task))


@admin.command()
def cleanup(
    days: Annotated[int | None, typer.Option(min=0, help="Age of the counts in days.")] = None,
) -> None:
    """Delete old counts; the default age is COUNT_KEEP_DAYS."""
    from ..chassis.cli.process import in_runtime
    from ..jobs.counts import forget

    async def task(runtime: Runtime[Settings]) -> int:
        kept = runtime.settings.count_keep_days if days is None else days
        return await forget(runtime.queue, days=kept)

    typer.echo(f"{in_runtime(task)} deleted")


@admin.command()
def export(
    output: Annotated[Path | None, typer.Option(help="File to write instead of stdout.")] = None,
) -> None:
    """Write all finished counts as CSV."""
    import csv
    import sys

    from saq.job import Status

    from ..chassis.cli.process import in_runtime
    from ..jobs.counts import count_text

    async def task(runtime: Runtime) -> None:
        stream = output.open("w", newline="") if output else sys.stdout
        try:
            table = csv.writer(stream)
            table.writerow(["key", "total", "distinct"])
            async for job in runtime.queue.iter_jobs([Status.COMPLETE]):
                if job.function == count_text.name:
                    table.writerow([job.key, job.result["total"], job.result["distinct"]])
        finally:
            if output:
                stream.close()

    in_runtime(task)
