"""A route that writes a row and enqueues a job, and the job, which writes another row."""

from __future__ import annotations

import os
from pathlib import Path

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.jobs import JobContext, job
from ..chassis.runtime import Runtime
from ..db.models import Note
from ..settings import Settings


@job(retries=20)
async def work(context: JobContext[Settings], *, number: int) -> None:
    """Write a row once, and note each complete run in a file."""
    try:
        async with context.runtime.database.session.begin() as session:
            session.add(Note(title=f"job {number}"))
    except IntegrityError:
        # An earlier run committed it.
        pass
    with Path(os.environ["DRILL_RUNS"]).open("a") as file:
        file.write(f"{number}\n")


class DrillController(Controller):
    """Requests of the load."""

    path = "/drill"

    @post("/rows/{number:int}")
    async def with_row(
        self,
        session: NamedDependency[AsyncSession],
        runtime: NamedDependency[Runtime[Settings]],
        number: FromPath[int],
    ) -> None:
        """Write a row, and enqueue the job in the same transaction."""
        session.add(Note(title=f"row {number}"))
        runtime.queue.put_in(session, work.call(number=number))

    @post("/jobs/{number:int}")
    async def with_job(
        self, runtime: NamedDependency[Runtime[Settings]], number: FromPath[int]
    ) -> None:
        """Enqueue the job at the broker."""
        await work.enqueue(runtime.queue, number=number)

    @get("/count")
    async def count(self, session: NamedDependency[AsyncSession]) -> int:
        """Count the rows."""
        return await session.scalar(select(func.count()).select_from(Note)) or 0
