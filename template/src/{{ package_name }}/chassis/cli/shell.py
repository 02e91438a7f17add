"""`shell`: a Python prompt with an open runtime and top-level `await`."""


def shell() -> None:
    """Open a Python prompt with `runtime` and `settings`; `await` works in it."""
    import asyncio
    import sys

    from ..runtime import open_runtime
    from .console import interact
    from .process import begin

    settings = begin("shell", stream="stderr")

    async def main() -> None:
        async with open_runtime(settings) as runtime:
            banner = f"{settings.release} on Python {sys.version.split()[0]}: runtime, settings"
            await interact({"runtime": runtime, "settings": settings}, banner)

    asyncio.run(main())
