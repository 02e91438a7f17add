"""The jobs about parcels."""

from datetime import date
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from orbit.chassis.jobs import JobContext
from orbit.jobs.parcels import Box, close_day, print_label, quote, refresh_rates
from orbit.variables import Currency

from support.jobs import ended
from support.processes import until

PARCEL = uuid4()
QUESTION = {
    "parcel": str(PARCEL),
    "day": "2026-11-30",
    "weight": "2.5",
    "box": {"width": 10, "height": 10, "depth": 10},
}
QUOTE = {"parcel": str(PARCEL), "day": "2026-11-30", "price": "5.0", "currency": "EUR"}


@pytest.mark.anyio
async def test_a_quote_is_computed_by_a_call(runtime):
    async def report(fraction):
        pass

    found = await quote(
        JobContext(runtime=runtime, report=report),
        parcel=PARCEL,
        day=date(2026, 11, 30),
        weight=Decimal("2.5"),
        currency=Currency.EUR,
        box=Box(10, 10, 10),
    )
    assert (found.price, found.currency) == (5, Currency.EUR)


def test_a_quote_is_computed_by_a_worker(client, start):
    asked = client.post("/quotes", json=QUESTION)
    assert asked.status_code == 202, asked.text
    worker = start("worker")

    def found():
        state = client.get(asked.headers["Location"]).json()
        return state if state["status"] in ("complete", "failed") else None

    assert until(found, seconds=30, what=f"the quote of {worker}")["result"] == QUOTE


@pytest.mark.anyio
async def test_rates_are_fetched_once_for_each_country(runtime, start):
    keyed = refresh_rates.options(key="DE")
    first = await keyed.enqueue(runtime.queue, country="DE")
    again = await keyed.enqueue(runtime.queue, country="DE")
    assert again.key == first.key
    start("worker")
    assert (await ended(runtime.queue, first, seconds=30)).result == "DE"


@pytest.mark.anyio
async def test_a_resource_is_open_while_the_worker_runs(runtime, start):
    job = await print_label.enqueue(runtime.queue, reference="A-1")
    start("worker")
    assert (await ended(runtime.queue, job, seconds=30)).result == "ready"


def test_the_day_is_closed_by_the_clock_of_the_depot():
    assert close_day.timezone == ZoneInfo("Europe/Berlin")
