"""Routes of quotes, which a worker computes."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from ..chassis.runtime import Runtime
from ..chassis.web.jobs import JobState, accepted, state_of
from ..jobs.parcels import Box, quote


class NewQuote(msgspec.Struct):
    """Input of a quote."""

    parcel: UUID
    day: date
    weight: Decimal
    box: Box


class QuoteController(Controller):
    """Quotes."""

    path = "/quotes"
    tags = ("quotes",)

    @post(summary="Ask for a quote", status_code=202)
    async def ask(
        self, runtime: NamedDependency[Runtime], data: JSONBody[NewQuote]
    ) -> Response[JobState]:
        """Respond with 202 immediately; the result is at Location."""
        queued = await quote.enqueue(
            runtime.queue,
            parcel=data.parcel,
            day=data.day,
            weight=data.weight,
            currency=runtime.settings.currency,
            box=data.box,
        )
        return accepted(queued, self.path)

    @get("/{key:str}", summary="Get a quote")
    async def get_quote(self, runtime: NamedDependency[Runtime], key: FromPath[str]) -> JobState:
        """Show the progress of the quote, and its result once it is finished."""
        return await state_of(runtime.queue, quote, key)
