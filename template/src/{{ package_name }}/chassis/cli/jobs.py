"""`jobs`: list, show, retry and abort jobs."""

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
    job: Annotated[str | None, typer.Option(help="Only runs of this job.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
) -> None:
    """List jobs, latest first."""
    from saq.job import Status

    from .process import fail, in_runtime

    known = [state.value for state in Status]
    if status is not None and status not in known:
        fail(f"Unknown state {status!r}: use one of {', '.join(known)}.")

    async def task(runtime: Runtime) -> None:
        wanted = [Status(status)] if status else list(Status)
        found = [each async for each in runtime.queue.iter_jobs(wanted) if _is(each, job)]
        found.sort(key=lambda each: each.queued, reverse=True)
        for each in found[:limit]:
            typer.echo(_line(each))
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
def retry(
    key: Annotated[str | None, typer.Argument(help="Key of the job.", show_default=False)] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All jobs that failed.")] = False,
    job: Annotated[str | None, typer.Option(help="With --failed: only runs of this job.")] = None,
) -> None:
    """Run a finished job again, or all failed ones."""
    from saq.job import TERMINAL_STATUSES, Status

    from .process import fail, in_runtime

    if failed is (key is not None):
        fail("Give either a key (`jobs retry KEY`) or `--failed` for all failed jobs.")
    if job is not None and not failed:
        fail("--job needs --failed: `jobs retry --failed --job NAME`.")

    async def all_failed(runtime: Runtime) -> None:
        again = 0
        async for each in runtime.queue.iter_jobs([Status.FAILED]):
            if _is(each, job):
                again += await runtime.queue.run_again(each.key)
        typer.echo(f"{again} queued")

    async def one(runtime: Runtime, key: str) -> None:
        found = await _find(runtime, key)
        if found.status not in TERMINAL_STATUSES:
            fail(f"Job {key} is {found.status.value}: only a finished job can be retried.")
        if not await runtime.queue.run_again(key):
            fail(f"Job {key} was retried concurrently: see `jobs show {key}`.")
        typer.echo(f"{key} queued")

    in_runtime(all_failed if key is None else lambda runtime: one(runtime, key))


@jobs.command()
def abort(key: Key) -> None:
    """Abort a queued or running job."""
    from saq.job import TERMINAL_STATUSES

    from .process import fail, in_runtime

    async def task(runtime: Runtime) -> None:
        job = await _find(runtime, key)
        if job.status in TERMINAL_STATUSES:
            fail(f"Job {key} is already finished: it is {job.status.value}.")
        await runtime.queue.abort(job, "aborted by hand")
        typer.echo(f"{key} {job.status.value}")

    in_runtime(task)


async def _find(runtime: Runtime, key: str) -> Job:
    from .process import fail

    job = await runtime.queue.find(key)
    if job is None:
        fail(f"There is no job {key!r}: see `jobs list`.")
    return job


def _is(job: Job, name: str | None) -> bool:
    return name is None or job.function == name


def _line(job: Job) -> str:
    from datetime import UTC, datetime

    queued = datetime.fromtimestamp(job.queued / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{job.key}  {queued}  {job.status.value:9} {job.progress:4.0%}  {job.function}"
