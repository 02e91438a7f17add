"""Cached functions; concurrent calls with the same arguments are computed once."""

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
    """An async function with cached results; its first argument is the runtime.

    Args:
        function: The function.
        seconds: Time to live of a result.
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
        """Return the cached result, or compute and cache it.

        Concurrent calls with the same arguments are computed once. An exception is raised to all of
        them, and not cached.
        """

        async def compute() -> bytes:
            return _encoder.encode(await self.function(runtime, *args, **kwargs))

        key = self._key(runtime, *args, **kwargs)
        return self._decoder.decode(await runtime.cache.get_or_make(key, self.seconds, compute))

    async def forget(self, runtime: Runtime, *args: P.args, **kwargs: P.kwargs) -> None:
        """Remove a result from the cache.

        Args:
            runtime: The runtime.
            args: Positional arguments of the cached call.
            kwargs: Keyword arguments of the cached call.

        Raises:
            BackingServiceUnavailable: If the cache cannot be reached.
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
            encoded = _encoder.encode(arguments)
        except TypeError as error:
            raise TypeError(f"{self._name}: an argument has no JSON form ({error})") from error
        return f"{self._name}:{hashlib.sha256(encoded).hexdigest()}"


def cached(
    *, seconds: float
) -> Callable[[Callable[Concatenate[Runtime, P], Awaitable[R]]], CachedFunction[P, R]]:
    """Cache the results of an async function whose first argument is the runtime.

    Arguments and results must be serializable as JSON; results are decoded to the annotated return
    type. A new release starts with an empty cache.

    Args:
        seconds: Time to live of a result.

    Raises:
        ValueError: If `seconds` is not positive.
    """
    if seconds <= 0:
        raise ValueError(f"seconds must be positive, not {seconds}")

    def decorate(
        function: Callable[Concatenate[Runtime, P], Awaitable[R]],
    ) -> CachedFunction[P, R]:
        return CachedFunction(function, seconds)

    return decorate
