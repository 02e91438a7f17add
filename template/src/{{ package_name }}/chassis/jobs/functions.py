"""Job functions: what a worker can run, by name, with the defaults that make a job safe to lose."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints

from croniter import croniter
from saq.job import Job

if TYPE_CHECKING:
    from ..runtime import Runtime
    from .queue import JobQueue

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 3
TIMEOUT_SECONDS = 300
RETRY_DELAY_SECONDS = 1.0
RETRY_DELAY_LIMIT_SECONDS = 60.0

# SAQ takes these names as properties of the job instead of handing them to the function.
_TAKEN = {field.name for field in fields(Job)}


@dataclass(slots=True, kw_only=True)
class JobContext:
    """What a job function gets as its first argument."""

    runtime: Runtime
    report: Callable[[float], Awaitable[None]]

    async def progress(self, fraction: float) -> None:
        """Tell whoever waits how far the job is.

        Args:
            fraction: Between 0 and 1.
        """
        await self.report(min(max(fraction, 0.0), 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFunction(Generic[P, R]):
    """An async function that a worker can run, and how it is to be run."""

    function: Callable[Concatenate[JobContext, P], Awaitable[R]]
    name: str
    retries: int
    timeout: int
    cron: str | None
    keep: int | None

    async def __call__(self, context: JobContext, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function now, in this process."""
        return await self.function(context, *args, **kwargs)

    async def enqueue(self, queue: JobQueue, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Hand the function to a worker.

        Args:
            queue: The runtime's queue.
            args: None: a job's arguments travel by name.
            kwargs: The function's arguments; they must be representable in JSON.

        Raises:
            BrokerUnavailable: When the broker could not take the job.
        """
        if args:
            raise TypeError(f"{self.name}: pass the arguments of a job by name")
        return await queue.put(self, kwargs)

    def parameters(self) -> dict[str, inspect.Parameter]:
        """The arguments after the context, with their annotations evaluated."""
        hints = get_type_hints(self.function)
        _, *parameters = inspect.signature(self.function).parameters.values()
        return {
            parameter.name: parameter.replace(annotation=hints.get(parameter.name, Any))
            for parameter in parameters
        }


def job(
    *,
    retries: int = RETRIES,
    timeout: int = TIMEOUT_SECONDS,
    cron: str | None = None,
    keep: int | None = None,
) -> Callable[[Callable[Concatenate[JobContext, P], Awaitable[R]]], JobFunction[P, R]]:
    """Make a job of an async function.

    A job can run more than once: its worker may die after the work and before the note of it. Write
    functions that can be repeated.

    Args:
        retries: How often it is tried in all.
        timeout: How long one try may take, in seconds.
        cron: When a worker runs it by itself, as five fields in UTC; None for never.
        keep: How long its result is kept, in seconds: 0 for ever, None for JOB_RESULT_SECONDS.

    Raises:
        ValueError: If the schedule is not a cron expression, or an argument has a name that SAQ
            keeps for itself.
    """
    if cron is not None and not croniter.is_valid(cron):
        raise ValueError(f"not a cron expression: {cron!r}")

    def decorate(
        function: Callable[Concatenate[JobContext, P], Awaitable[R]],
    ) -> JobFunction[P, R]:
        name = function.__name__
        if taken := _TAKEN.intersection(inspect.signature(function).parameters):
            raise ValueError(f"job {name}: rename the argument {min(taken)!r}, SAQ keeps that name")
        return JobFunction(
            function=function, name=name, retries=retries, timeout=timeout, cron=cron, keep=keep
        )

    return decorate


def by_name(functions: Iterable[JobFunction[..., Any]]) -> dict[str, JobFunction[..., Any]]:
    """Index job functions by the name that the broker knows them by.

    Args:
        functions: The service's job functions.

    Raises:
        ValueError: If two have the same name.
    """
    index: dict[str, JobFunction[..., Any]] = {}
    for function in functions:
        if function.name in index:
            raise ValueError(f"two jobs are called {function.name!r}: rename one")
        index[function.name] = function
    return index
