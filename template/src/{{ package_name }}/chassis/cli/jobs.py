"""`jobs`: what is in the queue, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from saq.job import Job

    from ..runtime import Runtime

jobs = typer.Typer(help="Look at jobs, retry and abort them.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="Key of the job, as `jobs list` shows it.")]


@jobs.command("list")
def list_jobs(
    status: Annotated[
        str | None, typer.Option(help="Only jobs in this state, such as failed.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
) -> None:
    """List jobs, latest first."""
    from saq.job import Status

    from .process import fail, in_runtime

    known = [state.value for state in Status]
    if status is not None and status not in known:
        fail(f"There is no state {status!r}. There are: {', '.join(known)}.")

    async def task(runtime: Runtime) -> None:
        wanted = [Status(status)] if status else list(Status)
        found = [job async for job in runtime.queue.iter_jobs(wanted)]
        found.sort(key=lambda job: job.queued, reverse=True)
        for job in found[:limit]:
            typer.echo(_line(job))
        if len(found) > limit:
            typer.echo(f"... and {len(found) - limit} more", err=True)

    in_runtime(task)


@jobs.command()
def show(key: Key) -> None:
    """Show a job with its arguments, result and error, as JSON."""
    import msgspec

    from .process import in_runtime

    async def task(runtime: Runtime) -> None:
        job = await _find(runtime, key)
        document = {**job.to_dict(), "status": job.status.value}
        typer.echo(msgspec.json.format(msgspec.json.encode(document, enc_hook=repr)).decode())

    in_runtime(task)


@jobs.command()
def retry(key: Key) -> None:
    """Run a job again that has ended."""
    from saq.job import TERMINAL_STATUSES

    from .process import fail, in_runtime

    async def task(runtime: Runtime) -> None:
        job = await _find(runtime, key)
        if job.status not in TERMINAL_STATUSES:
            fail(f"Job {key} is {job.status.value}: only a job that has ended can be retried.")
        job.attempts = 0
        job.scheduled = 0
        job.retry_delay = 0
        await runtime.queue.retry(job, error=None)
        typer.echo(f"{key} queued")

    in_runtime(task)


@jobs.command()
def abort(key: Key) -> None:
    """Stop a job that waits or runs."""
    from saq.job import TERMINAL_STATUSES

    from .process import fail, in_runtime

    async def task(runtime: Runtime) -> None:
        job = await _find(runtime, key)
        if job.status in TERMINAL_STATUSES:
            fail(f"Job {key} has ended already: it is {job.status.value}.")
        await runtime.queue.abort(job, "aborted by hand")
        typer.echo(f"{key} {job.status.value}")

    in_runtime(task)


async def _find(runtime: Runtime, key: str) -> Job:
    from .process import fail

    job = await runtime.queue.find(key)
    if job is None:
        fail(f"There is no job {key!r}: see `jobs list`.")
    return job


def _line(job: Job) -> str:
    from datetime import UTC, datetime

    queued = datetime.fromtimestamp(job.queued / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{job.key}  {queued}  {job.status.value:9} {job.progress:4.0%}  {job.function}"
