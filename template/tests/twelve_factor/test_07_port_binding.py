"""VII. Port binding: the service is its own server, on the port that the environment sets."""

import socket

import pytest

from support.web import get, wait_until_ready


def test_the_port_is_set_by_the_environment(deployed):
    web = deployed.processes["web"]
    assert web.url == f"http://127.0.0.1:{deployed.environment['PORT']}"
    assert get(web, "/health/live").json()["status"] == "ok"


@pytest.mark.parametrize("command", ["web", "dev"])
def test_a_port_in_use_ends_the_process_with_one_sentence(start, command, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(command, PORT=str(port), folder=tmp_path)
        assert process.wait() == 1
    [sentence] = process.errors
    assert sentence.startswith(f"PORT: cannot listen on 127.0.0.1:{port} (Address already in use)")
    assert process.output == []


def test_a_second_service_gets_no_requests_of_the_first(start):
    first = start("web", GIT_SHA="1111111")
    wait_until_ready(first)
    second = start("web", GIT_SHA="2222222")
    assert second.wait() == 1
    releases = {get(first, "/health/live").json()["release"][-7:] for _ in range(10)}
    assert releases == {"1111111"}
