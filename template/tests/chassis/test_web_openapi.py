"""The OpenAPI document."""

import pytest
from litestar import Response, get, post
from litestar.params import FromPath


@get("/probe/{number:int}", summary="Give a number back")
async def probe(number: FromPath[int]) -> int:
    return number


@post("/probe/nothing", status_code=204)
async def probe_nothing() -> Response[None]:
    return Response(None)


@pytest.fixture
def document(serve):
    answer = serve(probe, probe_nothing, git_sha="0123456789abcdef").get("/schema/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def test_the_document_has_version_and_commit(document, settings):
    assert document["info"]["version"] == f"{settings.release}+0123456789ab"


def test_the_document_has_the_routes(document):
    assert document["openapi"].startswith("3.")
    assert document["paths"]["/probe/{number}"]["get"]["summary"] == "Give a number back"
    assert {"/health/live", "/health/ready", "/health/startup"} <= set(document["paths"])


def test_errors_are_documented_as_problem_details(document):
    problem = {"$ref": "#/components/schemas/Problem"}
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status == "default" or "application/problem+json" in content:
                    assert content == {"application/problem+json": {"schema": problem}}
                else:
                    assert "status_code" not in str(content)
    assert {"200", "400", "default"} <= set(
        document["paths"]["/probe/{number}"]["get"]["responses"]
    )
    assert {"200", "503"} <= set(document["paths"]["/health/ready"]["get"]["responses"])


def test_responses_without_content_have_no_schema(document):
    assert "content" not in document["paths"]["/probe/nothing"]["post"]["responses"]["204"]


def test_errors_match_their_schema(serve, document):
    described = document["components"]["schemas"]["Problem"]
    answer = serve(probe).get("/probe/nothing").json()
    assert set(described["required"]) <= set(answer) <= set(described["properties"])


def test_the_documentation_page_is_served(serve):
    answer = serve().get("/schema")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
