"""Commands for the service's own process types."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..runtime import Runtime


def command(
    name: str, run_process: Callable[[Runtime[Any]], Coroutine[Any, Any, None]]
) -> Callable[[], None]:
    """Create the command of one of the service's own process types.

    Args:
        name: Name of the process type.
        run_process: Async function that runs until a signal cancels it; it then has
            `shutdown_seconds` to finish.
    """

    def run() -> None:
        import asyncio

        from ..runtime import open_runtime
        from .process import begin

        settings = begin(name)

        async def main() -> None:
            async with open_runtime(settings) as runtime:
                await _until_stopped(run_process(runtime), settings.shutdown_seconds)

        asyncio.run(main())

    run.__doc__ = run_process.__doc__
    return run


async def _until_stopped(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Run until the work is done, or is cancelled by a signal; then wait up to `seconds`."""
    import asyncio

    from ..stopping import STOPPING

    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    stopped = asyncio.Event()
    for number in STOPPING:
        loop.add_signal_handler(number, stopped.set)
    stopping = loop.create_task(stopped.wait())
    await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
    if stopping.done():
        task.cancel()
        await asyncio.wait([task], timeout=seconds)
    stopping.cancel()
    if task.done() and not task.cancelled():
        # Raise the exception of the work, if any.
        task.result()
