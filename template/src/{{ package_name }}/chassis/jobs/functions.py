"""Job functions: what a worker can run, by name, with the defaults that make a job safe to lose."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints

from croniter import croniter
from saq.job import Job

from .schedule import zone_of

if TYPE_CHECKING:
    from ..runtime import Runtime
    from .queue import JobQueue

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 3
TIMEOUT_SECONDS = 300
RETRY_DELAY_SECONDS = 1.0
RETRY_DELAY_LIMIT_SECONDS = 60.0
KEY_LENGTH = 200

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
    timezone: tzinfo
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
        return await self.options().enqueue(queue, *args, **kwargs)

    def call(self, *args: P.args, **kwargs: P.kwargs) -> JobCall:
        """Put the function and its arguments together, to be handed to a worker later.

        Args:
            args: None: a job's arguments travel by name.
            kwargs: The function's arguments; they must be representable in JSON.
        """
        return self.options().call(*args, **kwargs)

    def options(
        self,
        *,
        key: str | None = None,
        at: datetime | None = None,
        after: timedelta | None = None,
    ) -> JobOptions[P]:
        """Say what is different for one run: `my_job.options(key="7").enqueue(queue, value=1)`.

        Args:
            key: What the run is about. While one of this function and key waits or runs, it is not
                added again; afterwards, the key can be used anew.
            at: When to run it, with a time zone; a moment that has passed is now.
            after: How long from now to run it.

        Raises:
            ValueError: If the moment has no time zone, there are two of them, or the key cannot be
                one.
        """
        if key is not None and not (key.isprintable() and 0 < len(key) <= KEY_LENGTH):
            raise ValueError(
                f"{self.name}: {key!r} is no key: it takes 1 to {KEY_LENGTH} printable characters"
            )
        if at is not None and after is not None:
            raise ValueError(f"{self.name}: say either at or after, not both")
        if at is not None and at.utcoffset() is None:
            raise ValueError(f"{self.name}: {at!r} has no time zone, so nobody knows when that is")
        if after is not None:
            at = datetime.now(UTC) + after
        return JobOptions(
            function=self,
            # Two functions may well use the same key for what they do about the same thing.
            key=None if key is None else f"{self.name}:{key}",
            due=_due(at),
        )

    def parameters(self) -> dict[str, inspect.Parameter]:
        """The arguments after the context, with their annotations evaluated."""
        hints = get_type_hints(self.function)
        _, *parameters = inspect.signature(self.function).parameters.values()
        return {
            parameter.name: parameter.replace(annotation=hints.get(parameter.name, Any))
            for parameter in parameters
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions(Generic[P]):
    """A job function, and what is different for one run of it; see `JobFunction.options`."""

    function: JobFunction[P, Any]
    key: str | None
    due: int

    async def enqueue(self, queue: JobQueue, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Hand the function to a worker.

        Args:
            queue: The runtime's queue.
            args: None: a job's arguments travel by name.
            kwargs: The function's arguments; they must be representable in JSON.

        Returns:
            The job, or the one of the same key that waits or runs already.

        Raises:
            BrokerUnavailable: When the broker could not take the job.
        """
        call = self.call(*args, **kwargs)
        return await queue.put(call.function, call.arguments, key=call.key, due=call.due)

    def call(self, *args: P.args, **kwargs: P.kwargs) -> JobCall:
        """Put the function and its arguments together, to be handed to a worker later.

        Args:
            args: None: a job's arguments travel by name.
            kwargs: The function's arguments; they must be representable in JSON.
        """
        if args:
            raise TypeError(f"{self.function.name}: pass the arguments of a job by name")
        return JobCall(function=self.function, arguments=kwargs, key=self.key, due=self.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCall:
    """A job function with its arguments, which nobody has been asked to run yet.

    `key` is the identity of the run for the broker, `due` when it is to happen, in seconds since
    the epoch; 0 is now.
    """

    function: JobFunction[..., Any]
    arguments: Mapping[str, object]
    key: str | None
    due: int


def job(
    *,
    retries: int = RETRIES,
    timeout: int = TIMEOUT_SECONDS,
    cron: str | None = None,
    timezone: str = "UTC",
    keep: int | None = None,
) -> Callable[[Callable[Concatenate[JobContext, P], Awaitable[R]]], JobFunction[P, R]]:
    """Make a job of an async function.

    A job can run more than once: its worker may die after the work and before the note of it. Write
    functions that can be repeated.

    Args:
        retries: How often it is tried in all.
        timeout: How long one try may take, in seconds.
        cron: When a worker runs it by itself, as five fields; None for never.
        timezone: Where the clock hangs that the schedule means, such as `Europe/Berlin`.
        keep: How long its result is kept, in seconds: 0 for ever, None for JOB_RESULT_SECONDS.

    Raises:
        ValueError: If the schedule is not a cron expression, the time zone is not known, or an
            argument has a name that SAQ keeps for itself.
    """
    if cron is not None and not croniter.is_valid(cron):
        raise ValueError(f"not a cron expression: {cron!r}")
    zone = zone_of(timezone)

    def decorate(
        function: Callable[Concatenate[JobContext, P], Awaitable[R]],
    ) -> JobFunction[P, R]:
        name = function.__name__
        if taken := _TAKEN.intersection(inspect.signature(function).parameters):
            raise ValueError(f"job {name}: rename the argument {min(taken)!r}, SAQ keeps that name")
        return JobFunction(
            function=function,
            name=name,
            retries=retries,
            timeout=timeout,
            cron=cron,
            timezone=zone,
            keep=keep,
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


def _due(at: datetime | None) -> int:
    """When a job is due, as the broker counts: whole seconds, and never before the moment."""
    if at is None or at.timestamp() <= time.time():
        return 0
    return math.ceil(at.timestamp())
