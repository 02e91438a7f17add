"""How a command begins: settings, logging, and the runtime where it needs one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from ...settings import Settings
from ..errors import BackingServiceUnavailable
from ..log import Stream, configure_logging
from ..settings import load_settings

if TYPE_CHECKING:
    from ..runtime import Runtime

T = TypeVar("T")


def begin(process: str, *, stream: Stream = "stdout") -> Settings:
    """Read the settings and set up logging.

    Args:
        process: Process type that log lines name.
        stream: Where log lines go.

    Returns:
        The settings of this process.
    """
    settings = load_settings(Settings)
    configure_logging(settings, process=process, stream=stream)
    return settings


def in_runtime(task: Callable[[Runtime], Awaitable[T]]) -> T:
    """Run an admin task in the environment of the service's processes.

    Its output is the task's own; log lines go to stderr.

    Args:
        task: Gets the open runtime.

    Returns:
        What the task returns.
    """
    from ..runtime import open_runtime

    settings = begin("admin", stream="stderr")

    async def main() -> T:
        async with open_runtime(settings) as runtime:
            return await task(runtime)

    try:
        return asyncio.run(main())
    except BackingServiceUnavailable as error:
        fail(f"{error} Is its address right, and is it running?")


def fail(message: str) -> NoReturn:
    """End the command with status 1 and one sentence on stderr.

    Args:
        message: What is wrong, and what to do.
    """
    typer.echo(message, err=True)
    raise typer.Exit(1)
