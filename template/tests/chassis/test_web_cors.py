"""Requests from pages of other sites."""

import pytest
from litestar import Response, get, post

from support.processes import run

PAGE = "https://app.example.com"
PREFLIGHT = {
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "content-type, x-own",
}


@get("/probe/data")
async def data() -> Response[dict[str, str]]:
    return Response({}, headers={"Vary": "Cookie"})


@post("/probe/data")
async def change() -> None:
    pass


@get("/probe/error")
async def error() -> None:
    raise RuntimeError("probe")


def serve_for(serve, *origins, **changes):
    return serve(data, change, error, cors_allow_origins=list(origins), **changes)


@pytest.mark.parametrize(
    ("path", "status"), [("/probe/data", 200), ("/nowhere", 404), ("/probe/error", 500)]
)
def test_pages_of_listed_sites_can_read_all_responses(serve, path, status):
    answer = serve_for(serve, "https://other.example.com", PAGE).get(path, headers={"Origin": PAGE})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://app.example.com.evil.example", "null", f"{PAGE}:444"],
)
def test_pages_of_other_sites_cannot(serve, origin):
    client = serve_for(serve, PAGE)
    answer = client.get("/probe/data", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer = client.options("/probe/data", headers={"Origin": origin, **PREFLIGHT})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Methods" not in answer.headers


def test_caches_keep_responses_for_each_site_apart(serve):
    # Also without Origin, because a cache could give that response to a page.
    answer = serve_for(serve, PAGE).get("/probe/data")
    assert answer.headers["Vary"] == "Cookie, Origin"


def test_preflights_are_answered(serve):
    client = serve_for(serve, PAGE)
    answer = client.options("/probe/data", headers={"Origin": PAGE, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type, x-own"
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


def test_other_options_requests_reach_the_route(serve):
    answer = serve_for(serve, PAGE).options("/probe/data", headers={"Origin": PAGE})
    assert "GET" in answer.headers["Allow"]
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_a_wildcard_stands_for_subdomains(serve):
    client = serve_for(serve, "https://*.example.com")

    def allowed(origin):
        answer = client.get("/probe/data", headers={"Origin": origin})
        return answer.headers.get("Access-Control-Allow-Origin")

    assert allowed(PAGE) == PAGE
    assert allowed("https://a.b.example.com") == "https://a.b.example.com"
    assert allowed("https://example.com") is None
    assert allowed("https://example.com.evil.example") is None


def test_all_sites_can_be_allowed(serve):
    answer = serve_for(serve, "*").get("/probe/data", headers={"Origin": "https://a.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Vary"] == "Cookie"


def test_credentials_need_a_setting(serve):
    client = serve_for(serve, PAGE, cors_allow_credentials=True)
    answer = client.get("/probe/data", headers={"Origin": PAGE})
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_nothing_is_added_without_the_setting(serve):
    answer = serve(data).get("/probe/data", headers={"Origin": PAGE})
    assert answer.headers["Vary"] == "Cookie"
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "origins",
    ["app.example.com", "https://app.example.com/", "https://a.example/path", "null", "*."],
)
def test_invalid_origins_are_rejected(origins, environment):
    done = run("config", environment={**environment, "CORS_ALLOW_ORIGINS": origins})
    assert done.returncode == 2
    assert done.stderr.startswith("CORS_ALLOW_ORIGINS: Invalid origin: ")


def test_credentials_for_all_sites_are_rejected(environment):
    wrong = {"CORS_ALLOW_ORIGINS": "*", "CORS_ALLOW_CREDENTIALS": "true"}
    done = run("config", environment={**environment, **wrong})
    assert done.returncode == 2
    assert "CORS_ALLOW_CREDENTIALS needs a list of sites" in done.stderr
