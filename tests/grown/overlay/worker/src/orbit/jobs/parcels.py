"""Jobs about parcels."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec

from ..chassis.jobs import JobContext, job
from ..extras import printer
from ..variables import Currency


class Box(msgspec.Struct):
    """Size of a box, in centimetres."""

    width: int
    height: int
    depth: int


class Quote(msgspec.Struct):
    """What it costs to send a parcel."""

    parcel: UUID
    day: date
    price: Decimal
    currency: Currency


@job()
async def quote(
    context: JobContext,
    *,
    parcel: UUID,
    day: date,
    weight: Decimal,
    currency: Currency,
    box: Box,
) -> Quote:
    """Compute a price from weight and size."""
    size = Decimal(box.width * box.height * box.depth) / 1000
    return Quote(parcel, day, max(weight, size) * 2, currency)


@job()
async def refresh_rates(context: JobContext, *, country: str) -> str:
    """Fetch the rates of a country; one at a time for each, by its key."""
    return country


@job()
async def print_label(context: JobContext, *, reference: str) -> str:
    """Print a label, and say how the printer is."""
    return printer.state


@job(cron="30 18 * * 1-5", timezone="Europe/Berlin")
async def close_day(context: JobContext) -> str:
    """Close the day of the depot, each working day at half past six."""
    depot: str = context.runtime.settings.depot
    return depot
