"""The routes of claims."""

from uuid import uuid4

import pytest

from support.users import add_user, log_in


@pytest.fixture
def parcel(client):
    """A parcel that claims can be about."""
    return client.post("/parcels", json={"reference": "A-1", "weight": "1"}).json()


@pytest.fixture
def user(client, settings):
    """Log a user in."""
    answer = log_in(client, add_user(settings))
    # A cookie stays in the client by itself; a token has to be shown.
    if token := (answer.json() or {}).get("access_token"):
        client.headers["Authorization"] = f"Bearer {token}"


def test_claims_are_for_users(client):
    assert client.get("/claims").status_code == 401


@pytest.mark.usefixtures("user")
def test_a_claim_belongs_to_its_user(client, parcel):
    made = client.post("/claims", json={"parcel_id": parcel["id"], "text": "It is wet."})
    assert made.status_code == 201, made.text
    assert client.get("/claims").json() == ["It is wet."]


@pytest.mark.usefixtures("user")
def test_a_claim_about_no_parcel_is_a_conflict(client):
    made = client.post("/claims", json={"parcel_id": str(uuid4()), "text": "It is wet."})
    assert made.status_code == 409
