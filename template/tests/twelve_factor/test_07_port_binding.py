"""VII. Port binding: the service is its own server, at the port that the environment names."""

import socket

from support.web import get


def test_the_environment_decides_the_port(deployed):
    web = deployed.processes["web"]
    assert web.url == f"http://127.0.0.1:{deployed.environment['PORT']}"
    assert get(web, "/health/live").json()["status"] == "ok"


def test_a_port_that_is_taken_ends_the_process(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        web = start("web", PORT=str(taken.getsockname()[1]))
        assert web.wait() != 0
    assert "Address already in use" in "".join(web.errors)
