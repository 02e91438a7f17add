"""Functions whose results are kept for a while, and are computed once for all who ask meanwhile."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints

import msgspec

if TYPE_CHECKING:
    from ..runtime import Runtime

P = ParamSpec("P")
R = TypeVar("R")

_encoder = msgspec.json.Encoder(order="deterministic")


class CachedFunction(Generic[P, R]):
    """An async function whose first argument is the runtime, and whose results are kept.

    Args:
        function: The function.
        seconds: How long a result is kept.
    """

    def __init__(
        self, function: Callable[Concatenate[Runtime, P], Awaitable[R]], seconds: float
    ) -> None:
        self.function = function
        self.seconds = seconds
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._signature = inspect.signature(function)
        update_wrapper(self, function)

    async def __call__(self, runtime: Runtime, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the result that is kept, or compute it and keep it.

        Of all who ask for the same result at the same time, one computes it. What the function
        raises is raised to all of them, and not kept.
        """

        async def compute() -> bytes:
            return _encoder.encode(await self.function(runtime, *args, **kwargs))

        key = self._key(runtime, *args, **kwargs)
        return self._decoder.decode(await runtime.cache.get_or_make(key, self.seconds, compute))

    async def forget(self, runtime: Runtime, *args: P.args, **kwargs: P.kwargs) -> None:
        """Compute the result anew when it is next asked for.

        Args:
            runtime: The runtime.
            args: The arguments of the result.
            kwargs: Likewise.

        Raises:
            BackingServiceUnavailable: When the cache could not be told.
        """
        await runtime.cache.delete(self._key(runtime, *args, **kwargs))

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[R]:
        return msgspec.json.Decoder(get_type_hints(self.function).get("return", Any))

    def _key(self, runtime: Runtime, *args: P.args, **kwargs: P.kwargs) -> str:
        bound = self._signature.bind(runtime, *args, **kwargs)
        bound.apply_defaults()
        _, *arguments = bound.arguments.values()
        try:
            told = _encoder.encode(arguments)
        except TypeError as error:
            raise TypeError(f"{self._name}: an argument has no form in JSON ({error})") from error
        return f"{self._name}:{hashlib.sha256(told).hexdigest()}"


def cached(
    *, seconds: float
) -> Callable[[Callable[Concatenate[Runtime, P], Awaitable[R]]], CachedFunction[P, R]]:
    """Keep the results of an async function whose first argument is the runtime.

    Arguments and results must be representable in JSON; the annotation of the result says what it
    becomes again. A new release starts with nothing kept.

    Args:
        seconds: How long a result is kept.

    Raises:
        ValueError: If that is no time.
    """
    if seconds <= 0:
        raise ValueError(f"a result cannot be kept for {seconds} s: give a positive time")

    def decorate(
        function: Callable[Concatenate[Runtime, P], Awaitable[R]],
    ) -> CachedFunction[P, R]:
        return CachedFunction(function, seconds)

    return decorate
