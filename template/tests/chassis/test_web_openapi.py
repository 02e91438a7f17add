"""The OpenAPI document tells clients what this release answers."""

import pytest
from litestar import get
from litestar.params import FromPath


@get("/probe/{number:int}", summary="Give a number back")
async def probe(number: FromPath[int]) -> int:
    return number


@pytest.fixture
def document(serve):
    answer = serve(probe, git_sha="0123456789abcdef").get("/schema/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def test_it_names_version_and_commit(document, settings):
    assert document["info"]["version"] == f"{settings.release}+0123456789ab"


def test_it_has_the_routes(document):
    assert document["openapi"].startswith("3.")
    assert document["paths"]["/probe/{number}"]["get"]["summary"] == "Give a number back"
    assert {"/health/live", "/health/ready", "/health/startup"} <= set(document["paths"])


def test_its_page_is_served(serve):
    answer = serve().get("/schema")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
