"""`worker`: the process that runs jobs."""


def worker() -> None:
    """Run jobs and their schedules until SIGTERM."""
    import asyncio

    from ... import app as service
    from ..jobs.functions import by_name
    from ..jobs.worker import JobWorker
    from ..runtime import open_runtime
    from .process import begin

    settings = begin("worker")

    async def main() -> None:
        async with open_runtime(settings) as runtime:
            await JobWorker(runtime, by_name(service.jobs())).start()

    asyncio.run(main())
