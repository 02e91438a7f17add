"""Job functions, which workers run by name, with timeouts and retries."""

from __future__ import annotations

import inspect
import math
import time
import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, get_type_hints

from croniter import croniter
from saq.job import Job

from .schedule import zone_of
from .values import RESULT, conversions_of

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 3
TIMEOUT_SECONDS = 300
RETRY_DELAY_SECONDS = 1.0
RETRY_DELAY_LIMIT_SECONDS = 60.0
KEY_LENGTH = 200

# SAQ treats keyword arguments with these names as properties of the job.
_RESERVED = {field.name for field in fields(Job)}


class SupportsPut(Protocol):
    """A queue with a `put` method; see `JobQueue.put`."""

    async def put(
        self,
        function: JobFunction[..., Any],
        arguments: Mapping[str, object],
        *,
        key: str | None = None,
        due: int = 0,
    ) -> Job:
        """Enqueue a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFunction(Generic[P, R]):
    """An async function that workers run, with its options."""

    function: Callable[Concatenate[Any, P], Awaitable[R]]
    name: str
    retries: int
    timeout: int
    cron: str | None
    timezone: tzinfo
    keep: int | None
    retry_delay_limit: float = RETRY_DELAY_LIMIT_SECONDS

    async def __call__(self, context: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function in this process."""
        return await self.function(context, *args, **kwargs)

    async def enqueue(self, queue: SupportsPut, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Enqueue the job.

        Args:
            queue: The runtime's queue.
            args: Must be empty: pass arguments by keyword.
            kwargs: Arguments of the function; see `to_json` for their types.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
        """
        return await self.options().enqueue(queue, *args, **kwargs)

    def call(self, *args: P.args, **kwargs: P.kwargs) -> JobCall:
        """Bind arguments to the function, to enqueue the job later.

        Args:
            args: Must be empty: pass arguments by keyword.
            kwargs: Arguments of the function; see `to_json` for their types.
        """
        return self.options().call(*args, **kwargs)

    def options(
        self,
        *,
        key: str | None = None,
        at: datetime | None = None,
        after: timedelta | None = None,
    ) -> JobOptions[P]:
        """Set options of one run, such as `my_job.options(key="7").enqueue(queue, value=1)`.

        Args:
            key: Unique key. While a job of this function with this key is queued or running, no
                other one is added; afterwards, the key can be used again.
            at: When to run the job, with a time zone; a time in the past means now.
            after: Delay from now.

        Raises:
            ValueError: If the key is invalid, `at` has no time zone, or both `at` and `after` are
                given.
        """
        if key is not None and not (key.isprintable() and 0 < len(key) <= KEY_LENGTH):
            raise ValueError(
                f"{self.name}: invalid key {key!r}: use 1 to {KEY_LENGTH} printable characters"
            )
        if at is not None and after is not None:
            raise ValueError(f"{self.name}: give either at or after, not both")
        if at is not None and at.utcoffset() is None:
            raise ValueError(f"{self.name}: {at!r} has no time zone")
        if after is not None:
            at = datetime.now(UTC) + after
        return JobOptions(
            function=self,
            # Keys are unique per function.
            key=None if key is None else f"{self.name}:{key}",
            due=_due(at),
        )

    def arguments(self, stored: Mapping[str, object]) -> dict[str, Any]:
        """Arguments of a run as their type hints say, from JSON.

        Args:
            stored: Arguments as the broker has them.

        Raises:
            msgspec.ValidationError: If one of them has another type than its hint.
        """
        decoders = conversions_of(self.function).decoders
        return {
            name: decoders[name](value) if name in decoders else value
            for name, value in stored.items()
        }

    def result(self, job: Job) -> R:
        """Result of a completed job as its type hint says.

        Args:
            job: A job of this function, such as `JobQueue.find` returns.

        Raises:
            msgspec.ValidationError: If the result has another type than the hint.
        """
        decoder = conversions_of(self.function).decoders.get(RESULT)
        result: R = decoder(job.result) if decoder else job.result
        return result

    def parameters(self) -> dict[str, inspect.Parameter]:
        """Parameters of the function after the context, with evaluated annotations."""
        hints = get_type_hints(self.function)
        _, *parameters = inspect.signature(self.function).parameters.values()
        return {
            parameter.name: parameter.replace(annotation=hints.get(parameter.name, Any))
            for parameter in parameters
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions(Generic[P]):
    """A job function with options of one run; see `JobFunction.options`."""

    function: JobFunction[P, Any]
    key: str | None
    due: int

    async def enqueue(self, queue: SupportsPut, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Enqueue the job.

        Args:
            queue: The runtime's queue.
            args: Must be empty: pass arguments by keyword.
            kwargs: Arguments of the function; see `to_json` for their types.

        Returns:
            The job, or the queued or running one with the same key.

        Raises:
            BrokerUnavailable: If the broker cannot be reached.
        """
        call = self.call(*args, **kwargs)
        return await queue.put(call.function, call.arguments, key=call.key, due=call.due)

    def call(self, *args: P.args, **kwargs: P.kwargs) -> JobCall:
        """Bind arguments to the function, to enqueue the job later.

        Args:
            args: Must be empty: pass arguments by keyword.
            kwargs: Arguments of the function; see `to_json` for their types.
        """
        if args:
            raise TypeError(f"{self.function.name}: pass arguments of a job by keyword")
        return JobCall(function=self.function, arguments=kwargs, key=self.key, due=self.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCall:
    """A job function with its arguments, to enqueue later.

    `key` is the unique key of the job, and `due` the time to run it, in seconds since the epoch; 0
    means now.
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
    retry_delay_limit: float = RETRY_DELAY_LIMIT_SECONDS,
) -> Callable[[Callable[Concatenate[Any, P], Awaitable[R]]], JobFunction[P, R]]:
    """Make a job of an async function.

    A job can run more than once, because its worker may die before it records the result. Write
    idempotent functions.

    Args:
        retries: Maximum number of attempts.
        timeout: Timeout of an attempt, in seconds.
        cron: Schedule as a cron expression with five fields; None for no schedule.
        timezone: IANA time zone of the schedule, such as `Europe/Berlin`.
        keep: Time to live of the result in seconds; 0 for ever, None for JOB_RESULT_SECONDS.
        retry_delay_limit: Longest delay before another attempt, in seconds. The delays double,
            from one second on.

    Raises:
        ValueError: If the cron expression or the time zone is invalid, or SAQ reserves the name of
            an argument.
    """
    if cron is not None and not croniter.is_valid(cron):
        raise ValueError(f"invalid cron expression: {cron!r}")
    zone = zone_of(timezone)

    def decorate(
        function: Callable[Concatenate[Any, P], Awaitable[R]],
    ) -> JobFunction[P, R]:
        name = function.__name__
        if found := _RESERVED.intersection(inspect.signature(function).parameters):
            raise ValueError(f"job {name}: rename the argument {min(found)!r}, which SAQ reserves")
        # Not cached, because names of type hints may be defined further down in the module.
        for problem in conversions_of.__wrapped__(function).problems:
            warnings.warn(f"{problem}; release 2.0 refuses it", DeprecationWarning, stacklevel=2)
        return JobFunction(
            function=function,
            name=name,
            retries=retries,
            timeout=timeout,
            cron=cron,
            timezone=zone,
            keep=keep,
            retry_delay_limit=retry_delay_limit,
        )

    return decorate


def by_name(functions: Iterable[JobFunction[..., Any]]) -> dict[str, JobFunction[..., Any]]:
    """Index job functions by name.

    Args:
        functions: The service's job functions.

    Raises:
        ValueError: If two functions have the same name.
    """
    index: dict[str, JobFunction[..., Any]] = {}
    for function in functions:
        if function.name in index:
            raise ValueError(f"two jobs have the name {function.name!r}: rename one")
        index[function.name] = function
    return index


def _due(at: datetime | None) -> int:
    """Time to run a job, in seconds since the epoch, rounded up; 0 for now."""
    if at is None or at.timestamp() <= time.time():
        return 0
    return math.ceil(at.timestamp())
