"""The OpenAPI document."""

import re

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


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_the_page_loads_nothing_from_other_sites(serve, prefix):
    client = serve(path_prefix=prefix)
    answer = client.get("/schema")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    links = re.findall(r'(?:src|href|data-url)="([^"]*)"', answer.text)
    assert len(links) == 5
    for link in links:
        if link != "data:,":
            file = client.get(link)
            assert file.status_code == 200
            assert file.content
    assert "<script>" not in answer.text


def test_other_files_of_the_package_are_not_served(serve):
    client = serve()
    for name in ("../__init__.py", "..%2F__init__.py", "nope.js"):
        assert client.get(f"/schema/files/{name}").status_code == 404


def test_production_has_no_page_unless_a_setting_wants_it(serve):
    for path in ("/schema", "/schema/openapi.json", "/schema/openapi.yaml"):
        assert serve(environment="production", schema_public=False).get(path).status_code == 404
        assert serve(environment="production", schema_public=True).get(path).status_code == 200
        assert serve(schema_public=False).get(path).status_code == 200
