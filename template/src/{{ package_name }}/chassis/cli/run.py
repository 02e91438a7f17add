"""`run`: run one job now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from saq.job import Job

    from ..jobs import JobFunction
    from ..runtime import Runtime

POLL_SECONDS = 0.2


def run(
    job: Annotated[str, typer.Argument(help="Name of the job.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Its arguments.")
    ] = None,
    enqueue: Annotated[bool, typer.Option("--enqueue", help="Send it to a worker.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="With --enqueue: show its progress and result.")
    ] = False,
) -> None:
    """Run a job in this process or by a worker, and print its result as JSON."""
    import msgspec

    from ..current import current
    from ..jobs.registered import registered_jobs
    from .process import fail, in_runtime

    functions = registered_jobs(current())
    if job not in functions:
        fail(f"Unknown job {job!r}: the jobs are {', '.join(sorted(functions)) or 'none'}.")
    if wait and not enqueue:
        fail("--wait needs --enqueue: without it, the job runs in this process.")
    function = functions[job]
    values = _parse(function, arguments or [])

    async def task(runtime: Runtime) -> object:
        if not enqueue:
            return await _here(runtime, function, values)
        queued = await runtime.queue.put(function, values)
        return await _follow(runtime, queued) if wait else {"key": queued.key}

    result = in_runtime(task)
    typer.echo(msgspec.json.format(msgspec.json.encode(result, enc_hook=repr)).decode())


def _parse(function: JobFunction[..., Any], arguments: list[str]) -> dict[str, Any]:
    import msgspec
    from pydantic import ValidationError

    from .process import fail

    parameters = function.parameters()
    takes = ", ".join(
        f"{name}={parameter.annotation.__name__}"
        if isinstance(parameter.annotation, type)
        else f"{name}={parameter.annotation}"
        for name, parameter in parameters.items()
    )
    takes = f"{function.name} takes {takes or 'no arguments'}."
    values: dict[str, Any] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals or name not in parameters:
            fail(f"{argument!r} is not an argument of this job. {takes}")
        try:
            values[name] = _value(function, name, text)
        except ValidationError as error:
            fail(f"{name}: {error.errors()[0]['msg']}. {takes}")
        except msgspec.DecodeError as error:
            fail(f"{name}: {error}. {takes}")
    missing = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty and name not in values
    ]
    if missing:
        fail(f"{missing[0]}=... is missing. {takes}")
    return values


def _value(function: JobFunction[..., Any], name: str, text: str) -> Any:
    """Value of an argument, from its text or from JSON."""
    import msgspec
    from pydantic import TypeAdapter, ValidationError

    from ..jobs.values import conversions_of

    if decode := conversions_of(function.function).decoders.get(name):
        try:
            return decode(text)
        except msgspec.ValidationError:
            return decode(msgspec.json.decode(text))
    adapter: TypeAdapter[Any] = TypeAdapter(function.parameters()[name].annotation)
    try:
        return adapter.validate_python(text)
    except ValidationError:
        return adapter.validate_json(text)


async def _here(
    runtime: Runtime, function: JobFunction[..., Any], values: dict[str, Any]
) -> object:
    from ..jobs import JobContext

    async def report(fraction: float) -> None:
        typer.echo(f"{fraction:4.0%}", err=True)

    return await function(JobContext(runtime=runtime, report=report), **values)


async def _follow(runtime: Runtime, job: Job) -> object:
    import asyncio

    from saq.job import TERMINAL_STATUSES, Status

    from .process import fail

    shown = -1.0
    while job.status not in TERMINAL_STATUSES:
        if job.progress != shown:
            shown = job.progress
            typer.echo(f"{job.status.value} {shown:.0%}", err=True)
        await asyncio.sleep(POLL_SECONDS)
        found = await runtime.queue.find(job.key)
        if found is None:
            fail(f"Job {job.key} is gone: its result has expired.")
        job = found
    if job.status is not Status.COMPLETE:
        last_line = (job.error or "").strip().rpartition("\n")[2]
        fail(f"Job {job.key} {job.status.value}: {last_line}")
    return job.result
