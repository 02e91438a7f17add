"""The web process itself: what it writes, and how it ends."""

import json
import signal
import sys

import httpx
import pytest

from support.http2 import begin_request
from support.probe import PROBE
from support.processes import SERVICE, run, until
from support.web import get, request, wait_until_ready

HEADER_BYTES = 65_536
# As HPACK has the status 200.
OK = b"\x88"


def test_every_line_it_writes_is_json_and_has_its_release(start):
    web = start("web", GIT_SHA="0123456789abcdef", LOG_LEVEL="debug")
    wait_until_ready(web)
    answer = request(web, "GET", "/health/live", headers={"X-Request-ID": "mine"})
    assert answer.headers["X-Request-ID"] == "mine"
    assert get(web, "/nowhere").status_code == 404
    # A path that is no UTF-8 is an odd one, and no reason to fail.
    assert get(web, "/%ff%80").status_code == 404
    big = request(web, "POST", "/nowhere", content=b"x" * 2_000_000)
    assert big.status_code == 404
    assert web.stop() == 0
    events = [json.loads(line) for line in web.output]
    for event in events:
        assert event["process"] == "web"
        assert event["release"].endswith("+0123456789ab")
    requests = [event for event in events if event["event"] == "request"]
    assert "mine" in [event["request_id"] for event in requests]
    assert [event["status"] for event in requests][-3:] == [404, 404, 404]
    assert any(event.get("logger") == "_granian" for event in events)
    assert web.errors == []


def test_headers_are_taken_up_to_a_limit(start):
    web = start("web")
    wait_until_ready(web)
    within, beyond = ({"x-probe": "a" * (HEADER_BYTES + more)} for more in (-1000, 1000))
    assert get(web, "/health/live", headers=within).status_code == 200
    assert get(web, "/health/live", headers=beyond).status_code == 431
    # HTTP/2 has a limit of its own.
    port = int(web.environment["PORT"])
    assert begin_request(port, "/health/live", within).startswith(OK)
    assert not begin_request(port, "/health/live", beyond).startswith(OK)
    assert get(web, "/health/live").status_code == 200


def test_it_serves_where_processes_are_spawned_and_not_forked(start):
    # So they are on macOS, and on Linux from Python 3.14 on.
    run_spawning = (
        "import multiprocessing, runpy, sys; multiprocessing.set_start_method('spawn'); "
        "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
    )
    web = start("web", program=(sys.executable, "-c", run_spawning, SERVICE[-1]))
    wait_until_ready(web)
    assert get(web, "/health/live").status_code == 200
    assert web.stop() == 0
    assert {event["process"] for event in map(json.loads, web.output)} == {"web"}
    # Granian's own threads may complain when such a process ends.
    assert "Traceback" not in "".join(web.errors)


def test_the_client_of_a_trusted_proxy_is_the_one_that_it_names(start):
    web = start("web", program=PROBE, TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8")
    wait_until_ready(web)

    def address(forwarded):
        answer = get(web, "/probe/client", headers={"X-Forwarded-For": forwarded})
        return answer.text

    assert address("203.0.113.7") == "203.0.113.7"
    # What a client claims stands left of what the proxy saw.
    assert address("198.51.100.1, 203.0.113.7") == "203.0.113.7"
    assert address("203.0.113.7, 10.1.2.3") == "203.0.113.7"


def test_a_client_cannot_name_itself(start):
    web = start("web", program=PROBE)
    wait_until_ready(web)
    answer = get(web, "/probe/client", headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.text == "127.0.0.1"


@pytest.mark.parametrize("proxies", ["proxy.example.org", "10.0.0.1;10.0.0.2", "10.0.0.1/8"])
def test_proxies_that_are_no_networks_are_refused(proxies, environment):
    done = run("config", environment={**environment, "TRUSTED_PROXIES": proxies})
    assert done.returncode == 2
    assert done.stderr.startswith("TRUSTED_PROXIES: there is one that is no address")


def test_it_says_which_port_it_was_given(start):
    web = start("web", PORT="0", WEB_PROCESSES="2")
    until(lambda: address_of(web), what="an address")
    assert not address_of(web).endswith(":0")
    assert httpx.get(f"{address_of(web)}/health/live", timeout=30).status_code == 200
    assert web.stop() == 0


@pytest.mark.parametrize("host", ["localhost", "x86_64-linux-gnu.invalid"])
def test_a_host_may_be_a_name_if_it_is_one_of_this_machine(start, host):
    web = start("web", HOST=host)
    if host == "localhost":
        wait_until_ready(web)
        assert web.stop() == 0
    else:
        assert web.wait() == 1
        [sentence] = web.errors
        assert sentence.startswith(f"HOST: {host} is no address of this machine")


@pytest.mark.parametrize("options", [["--port", "canary"], ["--port", "65536"]])
def test_a_port_that_is_none_is_refused(start, options):
    web = start("web", *options)
    assert web.wait() == 2
    assert "--port" in web.errors[-1]


def test_nobody_answers_once_its_main_process_was_killed(start):
    web = start("web", program=PROBE, WEB_PROCESSES="2")
    wait_until_ready(web)
    web.signal(signal.SIGKILL)
    web.popen.wait()
    until(lambda: not answers(web), what="the end of what it started")


def address_of(web):
    """Where a web process says that it listens, once it does."""
    said = [event["event"] for event in web.events()]
    return next((text.split()[-1] for text in said if text.startswith("Listening at")), None)


def answers(web):
    try:
        return get(web, "/health/live")
    except httpx.TransportError:
        return None
