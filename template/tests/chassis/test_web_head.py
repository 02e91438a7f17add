"""HEAD, where a route answers GET."""

import asyncio

import pytest
from litestar import Response, get, head, post
from litestar.exceptions import NotFoundException
from litestar.response import Stream


@get("/probe/text")
async def text() -> str:
    return "canary"


@get("/probe/own")
async def own() -> str:
    return "as GET"


@head("/probe/own")
async def own_head() -> Response[None]:
    return Response(None, headers={"X-Own": "yes"})


@get("/probe/missing")
async def missing() -> None:
    raise NotFoundException("canary")


@get("/probe/endless")
async def endless() -> Stream:
    async def pieces():
        while True:
            yield b"canary"
            await asyncio.sleep(0)

    return Stream(pieces)


@post("/probe/post")
async def only_post() -> None:
    pass


@pytest.fixture
def client(serve):
    return serve(text, own, own_head, missing, endless, only_post)


def test_it_has_the_headers_of_get_and_no_body(client, events):
    answer = client.head("/probe/text")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len("canary"))
    [line] = [event for event in events if event["event"] == "request"]
    assert (line["method"], line["status"]) == ("HEAD", 200)


def test_a_handler_of_its_own_comes_first(client):
    assert client.head("/probe/own").headers["X-Own"] == "yes"


@pytest.mark.parametrize(
    ("path", "status"), [("/probe/missing", 404), ("/nowhere", 404), ("/probe/post", 405)]
)
def test_what_get_would_not_find_it_does_not_find(client, path, status):
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (status, b"")


def test_a_stream_without_end_is_not_waited_for(client):
    assert client.head("/probe/endless").status_code == 200
