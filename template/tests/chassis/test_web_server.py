"""The web process: logs, limits, addresses and shutdown."""

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
# HPACK's code of the status 200.
OK = b"\x88"


def test_every_log_line_is_json_with_the_release(start):
    web = start("web", GIT_SHA="0123456789abcdef", LOG_LEVEL="debug")
    wait_until_ready(web)
    answer = request(web, "GET", "/health/live", headers={"X-Request-ID": "mine"})
    assert answer.headers["X-Request-ID"] == "mine"
    assert get(web, "/nowhere").status_code == 404
    # A path that is not valid UTF-8 does not fail.
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


def test_the_size_of_headers_is_limited(start):
    web = start("web")
    wait_until_ready(web)
    within, beyond = ({"x-probe": "a" * (HEADER_BYTES + more)} for more in (-1000, 1000))
    assert get(web, "/health/live", headers=within).status_code == 200
    assert get(web, "/health/live", headers=beyond).status_code == 431
    # HTTP/2 has a separate limit.
    port = int(web.environment["PORT"])
    assert begin_request(port, "/health/live", within).startswith(OK)
    assert not begin_request(port, "/health/live", beyond).startswith(OK)
    assert get(web, "/health/live").status_code == 200


def test_it_works_with_spawned_processes(start):
    # Default on macOS, and on Linux since Python 3.14.
    run_spawning = (
        "import multiprocessing, runpy, sys; multiprocessing.set_start_method('spawn'); "
        "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
    )
    web = start("web", program=(sys.executable, "-c", run_spawning, SERVICE[-1]))
    wait_until_ready(web)
    assert get(web, "/health/live").status_code == 200
    assert web.stop() == 0
    assert {event["process"] for event in map(json.loads, web.output)} == {"web"}
    # Granian's threads may log errors when such a process stops.
    assert "Traceback" not in "".join(web.errors)


def test_trusted_proxies_set_the_client_address(start):
    web = start("web", program=PROBE, TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8")
    wait_until_ready(web)

    def address(forwarded):
        answer = get(web, "/probe/client", headers={"X-Forwarded-For": forwarded})
        return answer.text

    assert address("203.0.113.7") == "203.0.113.7"
    # The client's own value is left of the address that the proxy adds.
    assert address("198.51.100.1, 203.0.113.7") == "203.0.113.7"
    assert address("203.0.113.7, 10.1.2.3") == "203.0.113.7"


def test_clients_cannot_set_their_address(start):
    web = start("web", program=PROBE)
    wait_until_ready(web)
    answer = get(web, "/probe/client", headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.text == "127.0.0.1"


@pytest.mark.parametrize("proxies", ["proxy.example.org", "10.0.0.1;10.0.0.2", "10.0.0.1/8"])
def test_invalid_proxy_networks_are_rejected(proxies, environment):
    done = run("config", environment={**environment, "TRUSTED_PROXIES": proxies})
    assert done.returncode == 2
    assert done.stderr.startswith("TRUSTED_PROXIES: Invalid proxy: ")


def test_a_free_port_is_logged(start):
    web = start("web", PORT="0", WEB_PROCESSES="2")
    until(lambda: address_of(web), what="an address")
    assert not address_of(web).endswith(":0")
    assert httpx.get(f"{address_of(web)}/health/live", timeout=30).status_code == 200
    assert web.stop() == 0


@pytest.mark.parametrize("host", ["localhost", "x86_64-linux-gnu.invalid"])
def test_the_host_can_be_a_local_name(start, host):
    web = start("web", HOST=host)
    if host == "localhost":
        wait_until_ready(web)
        assert web.stop() == 0
    else:
        assert web.wait() == 1
        [sentence] = web.errors
        assert sentence.startswith(f"HOST: this machine has no address {host}")


@pytest.mark.parametrize("options", [["--port", "canary"], ["--port", "65536"]])
def test_invalid_ports_are_rejected(start, options):
    web = start("web", *options)
    assert web.wait() == 2
    assert "--port" in web.errors[-1]


def test_server_processes_stop_if_the_main_process_is_killed(start):
    web = start("web", program=PROBE, WEB_PROCESSES="2")
    wait_until_ready(web)
    web.signal(signal.SIGKILL)
    web.popen.wait()
    until(lambda: not answers(web), what="the end of what it started")


def address_of(web):
    """Address in a web process's log, once it listens."""
    said = [event["event"] for event in web.events()]
    return next((text.split()[-1] for text in said if text.startswith("Listening at")), None)


def answers(web):
    try:
        return get(web, "/health/live")
    except httpx.TransportError:
        return None
