"""Response caching in a service without a cache."""

from uuid import uuid4

import pytest
from litestar import Request, get, post


def by_tenant(request: Request) -> str:
    return f"{request.url.path} {request.headers['x-tenant']}"


@get("/probe/mine", cache=60)
async def mine(request: Request) -> str:
    return request.headers.get("authorization", uuid4().hex)


@get("/probe/tenant", cache=60, cache_key_builder=by_tenant)
async def tenant() -> str:
    return uuid4().hex


@post("/probe/tenant", status_code=200)
async def change() -> str:
    return uuid4().hex


@pytest.fixture
def client(serve):
    return serve(mine, tenant, change)


def test_no_user_gets_the_response_of_another(client):
    answers = [
        client.get("/probe/mine", headers={"Authorization": name}).text for name in ("Ada", "Bob")
    ]
    assert answers == ["Ada", "Bob"]
    assert client.get("/probe/mine").text != client.get("/probe/mine").text


def test_responses_are_cached_per_key(client):
    def ask(name):
        return client.get("/probe/tenant", headers={"X-Tenant": name}).text

    assert ask("a") == ask("a") != ask("b")


def test_other_handlers_of_the_path_are_not_cached(client):
    answers = {client.post("/probe/tenant", headers={"X-Tenant": "a"}).text for _ in range(2)}
    assert len(answers) == 2


def test_a_route_without_key_builder_is_logged(client, events):
    [warning] = [event for event in events if event["event"] == "answers not cached"]
    assert warning["path"] == "/probe/mine"
