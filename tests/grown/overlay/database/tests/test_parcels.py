"""The routes of parcels, and the migrations behind them."""

import pytest
from sqlalchemy import inspect

from orbit.chassis.db.engine import Database

from support.database import database_beside
from support.processes import run


@pytest.fixture
def register(client):
    """Register a parcel."""

    def post(reference, weight="1.5", tags=()):
        parcel = {"reference": reference, "weight": weight, "tags": list(tags)}
        answer = client.post("/parcels", json=parcel)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return post


def test_a_parcel_is_registered_with_its_tags(client, register):
    register("A-1", tags=["fragile"])
    parcel = register("A-2", tags=["fragile", "express"])
    assert client.get(f"/parcels/{parcel['id']}").json() == {
        **parcel,
        "weight": "1.500",
        "tags": ["express", "fragile"],
    }


def test_parcels_are_listed_by_weight_and_state(client, register):
    register("heavy", weight="20")
    register("light", weight="0.1")
    listed = client.get("/parcels", params={"state": "packed"}).json()
    assert [parcel["reference"] for parcel in listed] == ["light", "heavy"]
    assert client.get("/parcels", params={"state": "sent"}).json() == []


def test_a_reference_that_is_taken_is_a_conflict(client, register):
    register("A-1")
    assert client.post("/parcels", json={"reference": "A-1", "weight": "1"}).status_code == 409


def test_a_state_that_there_is_not_is_refused(client):
    assert client.get("/parcels", params={"state": "eaten"}).status_code == 400


@pytest.mark.anyio
async def test_weights_are_indexed(settings):
    async with Database.open(settings) as database, database.engine.connect() as connection:
        indexes = await connection.run_sync(lambda sync: inspect(sync).get_indexes("parcels"))
    assert "ix_parcels_weight" in {index["name"] for index in indexes}


def test_migrations_go_forth_and_back_and_are_what_the_models_say(environment, database_url):
    with database_beside(database_url) as url:
        deployment = {**environment, "DATABASE_URL": url}
        for command in (["upgrade"], ["downgrade", "0001"], ["upgrade"]):
            done = run("db", *command, environment=deployment)
            assert done.returncode == 0, done.stderr
        done = run("db", "revision", "-m", "nothing", environment=deployment)
        assert (done.returncode, done.stdout) == (0, "")
