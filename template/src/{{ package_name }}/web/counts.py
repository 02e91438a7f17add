"""Routes of word counts, which workers compute and the broker stores."""

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from ..chassis.runtime import Runtime
from ..chassis.web.jobs import JobState, accepted, state_of
from ..jobs.counts import count_text


class NewCount(msgspec.Struct):
    """A text to count the words of."""

    text: str


class CountController(Controller):
    """Word counts."""

    path = "/counts"
    tags = ("counts",)

    @post(summary="Count the words of a text", operation_id="create_count", status_code=202)
    async def create(
        self, runtime: NamedDependency[Runtime], data: JSONBody[NewCount]
    ) -> Response[JobState]:
        """Start a count and respond with 202; follow Location for progress and result."""
        return accepted(await count_text.enqueue(runtime.queue, text=data.text), self.path)

    @get("/{key:str}", summary="Get a count", operation_id="get_count")
    async def get_count(self, runtime: NamedDependency[Runtime], key: FromPath[str]) -> JobState:
        """Return the progress of a count, and its result once it is finished."""
        return await state_of(runtime.queue, count_text, key)
