"""Jobs and routes that a release runs for another one."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, Parameter
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.cache import cached
from ..chassis.jobs import Batch, JobContext, job, once
from ..chassis.runtime import Runtime
from ..chassis.web.auth import CurrentUser, requires_login
from ..chassis.web.jobs import JobState, state_of
from ..chassis.web.rate_limit import RateLimit

# The release that this process belongs to.
RELEASE = os.environ.get("TRIED_RELEASE", "")
LATER = timedelta(seconds=2)


@job(retries=1)
async def deliver(context: JobContext, *, parcel: int, labels: list[str]) -> dict[str, object]:
    """Return the arguments, and the release that ran the job."""
    return {"release": RELEASE, "parcel": parcel, "labels": labels}


@job(retries=1)
async def lose(context: JobContext, *, parcel: int) -> None:
    """Fail in the old release's workers and in the new one's."""
    raise RuntimeError(f"parcel {parcel} is lost")


@job(retries=2, timeout=60)
async def weigh(context: JobContext, *, seconds: float) -> str:
    """Take a while, and return the release that ended the job."""
    await asyncio.sleep(seconds)
    return RELEASE


@job(cron="* * * * *")
async def tick(context: JobContext) -> str:
    """Add the release to a file."""
    with Path(os.environ["TRIED_TICKS"]).open("a") as file:
        file.write(f"{RELEASE}\n")
    return RELEASE


@cached(seconds=60)
async def price(runtime: Runtime, parcel: int) -> list[str]:
    """Return the release that computed it."""
    return [RELEASE, str(parcel)]


class TrialController(Controller):
    """What one release begins and another one ends."""

    path = "/trials"

    @post("/jobs")
    async def enqueue(
        self,
        runtime: NamedDependency[Runtime],
        key: Annotated[str | None, Parameter(query="key")] = None,
        *,
        later: Annotated[bool, Parameter(query="later")] = False,
    ) -> str:
        """Enqueue a job, and return its key."""
        options = deliver.options(key=key, after=LATER if later else None)
        return (await options.enqueue(runtime.queue, parcel=7, labels=["ä", "b"])).key

    @get("/jobs/{key:str}")
    async def state(self, runtime: NamedDependency[Runtime], key: FromPath[str]) -> JobState:
        """Return the state of a job."""
        return await state_of(runtime.queue, deliver, key)

    @post("/weighings")
    async def enqueue_weighing(self, runtime: NamedDependency[Runtime]) -> str:
        """Enqueue a job that takes three seconds."""
        return (await weigh.enqueue(runtime.queue, seconds=3)).key

    @get("/weighings/{key:str}")
    async def weighing(self, runtime: NamedDependency[Runtime], key: FromPath[str]) -> JobState:
        """Return the state of such a job."""
        return await state_of(runtime.queue, weigh, key)

    @post("/losses")
    async def enqueue_loss(self, runtime: NamedDependency[Runtime]) -> str:
        """Enqueue a job that fails."""
        return (await lose.enqueue(runtime.queue, parcel=9)).key

    @post("/rows")
    async def put_in(
        self, runtime: NamedDependency[Runtime], session: NamedDependency[AsyncSession]
    ) -> str:
        """Put a job into the outbox, and return its key."""
        call = deliver.call(parcel=7, labels=["ä", "b"])
        return runtime.queue.put_in(session, call).key

    @post("/batches")
    async def enqueue_batch(self, runtime: NamedDependency[Runtime]) -> str:
        """Enqueue three jobs, one of which fails."""
        calls = [deliver.call(parcel=1, labels=[]), lose.call(parcel=2)]
        batch = await Batch.enqueue(runtime.queue, [*calls, deliver.call(parcel=3, labels=[])])
        return batch.key

    @get("/batches/{key:str}")
    async def batch(
        self, runtime: NamedDependency[Runtime], key: FromPath[str]
    ) -> dict[str, int | bool]:
        """Return the state of a batch."""
        state = await Batch(runtime.queue, key).state()
        assert state
        return {
            "total": state.total,
            "done": state.done,
            "failed": state.failed,
            "ended": state.ended,
        }

    @post("/charges/{name:str}")
    async def charge(self, runtime: NamedDependency[Runtime], name: FromPath[str]) -> bool:
        """Return whether this is the first charge."""
        async with once(runtime.queue, f"charge-{name}") as first:
            return first

    @get("/prices/{parcel:int}")
    async def get_price(
        self, runtime: NamedDependency[Runtime], parcel: FromPath[int]
    ) -> list[str]:
        """Return a cached result."""
        return await price(runtime, parcel)

    @get("/page", cache=60)
    async def page(self) -> str:
        """Return the release whose response was stored."""
        return RELEASE

    @get("/limited", middleware=[RateLimit("trials", requests=3, seconds=60)])
    async def limited(self) -> None:
        """Allow three requests in a minute."""

    @get("/mine", guards=[requires_login])
    async def mine(self, current_user: CurrentUser) -> str:
        """Return who is logged in."""
        return current_user.email
