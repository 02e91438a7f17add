"""Security headers of responses."""

import pytest
from litestar import Response, get

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@get("/probe/plain")
async def plain() -> dict[str, str]:
    return {}


@get("/probe/own")
async def own() -> Response[str]:
    own = {"Content-Security-Policy": "default-src 'self'", "X-Frame-Options": "SAMEORIGIN"}
    return Response("page", media_type="text/html", headers=own)


@get("/probe/text")
async def text() -> str:
    return "caf\u00e9"


@get("/probe/error")
async def error() -> None:
    raise RuntimeError("probe")


@pytest.fixture
def client(serve):
    return serve(plain, own, text, error, security_headers=True)


@pytest.mark.parametrize(
    ("path", "status"), [("/probe/plain", 200), ("/nowhere", 404), ("/probe/error", 500)]
)
def test_all_responses_have_security_headers(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    for name, value in HEADERS.items():
        assert answer.headers[name] == value


def test_a_route_can_set_its_own(client):
    answer = client.get("/probe/own")
    assert answer.headers.get_list("Content-Security-Policy") == ["default-src 'self'"]
    assert answer.headers.get_list("X-Frame-Options") == ["SAMEORIGIN"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_text_has_a_charset(client):
    assert client.get("/probe/text").headers["Content-Type"] == "text/plain; charset=utf-8"
    assert client.get("/probe/own").headers["Content-Type"] == "text/html; charset=utf-8"
    assert client.get("/schema").headers["Content-Type"] == "text/html; charset=utf-8"


def test_hsts_is_only_sent_over_https(client):
    client.base_url = "https://testserver.local"
    assert client.get("/probe/plain").headers["Strict-Transport-Security"] == "max-age=31536000"
    client.base_url = "http://testserver.local"
    assert "Strict-Transport-Security" not in client.get("/probe/plain").headers


def test_they_can_be_turned_off(serve):
    answer = serve(plain, security_headers=False).get("/probe/plain")
    assert not set(answer.headers) & {name.lower() for name in HEADERS}
