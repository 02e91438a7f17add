"""IX. Disposability: a web process starts quickly, and shuts down without losing requests."""

import threading
import time
from types import SimpleNamespace

import httpx
import pytest

from support.fixtures import deployment, starting
from support.probe import PROBE
from support.processes import until
from support.web import get, wait_until_ready

CLIENTS = 6
READY_SECONDS = 15
GRACE_SECONDS = 10


class Client(threading.Thread):
    """Sends requests one after the other until it is stopped.

    Args:
        url: URL of the requests.
        keep_alive: Whether to use one connection for all requests.
    """

    def __init__(self, url, keep_alive):
        super().__init__()
        self.url = url
        self.limits = httpx.Limits(max_keepalive_connections=1 if keep_alive else 0)
        self.stopped = threading.Event()
        self.answered = {}

    def run(self):
        with httpx.Client(base_url=self.url, limits=self.limits, verify=False) as client:
            while not self.stopped.is_set():
                try:
                    answer = client.get("/probe/wait?seconds=0.1")
                except httpx.TransportError:
                    self.stopped.wait(0.02)
                    continue
                if (answer.status_code, answer.text) == (200, "0.1"):
                    self.answered[answer.headers["X-Request-ID"]] = time.monotonic()


@pytest.fixture(scope="module")
def run(addresses):
    """Observations of a web process under load, from its start to its shutdown by SIGTERM."""
    with starting({**deployment(addresses), "SHUTDOWN_SECONDS": str(GRACE_SECONDS)}) as start:
        begun = time.monotonic()
        web = start("web", program=PROBE)
        wait_until_ready(web)
        ready = time.monotonic()
        slow = []
        patient = threading.Thread(target=lambda: slow.append(get(web, "/probe/wait?seconds=1.5")))
        clients = [Client(web.url, keep_alive=number % 2 == 0) for number in range(CLIENTS)]
        for thread in (patient, *clients):
            thread.start()
        until(lambda: min(len(client.answered) for client in clients) >= 3, what=f"load on {web}")
        told = time.monotonic()
        status = web.stop()
        ended = time.monotonic()
        for client in clients:
            client.stopped.set()
        for thread in (patient, *clients):
            thread.join()
        answered = {key: at for client in clients for key, at in client.answered.items()}
        accepted = [event for event in web.events("request") if event["path"] == "/probe/wait"]
        return SimpleNamespace(
            seconds_to_ready=ready - begun,
            seconds_to_end=ended - told,
            status=status,
            slow=[(answer.status_code, answer.text) for answer in slow],
            accepted={event["request_id"] for event in accepted},
            answered={*answered, *(answer.headers["X-Request-ID"] for answer in slow)},
            answered_late=[at for at in answered.values() if at > told],
        )


def test_it_starts_quickly(run):
    assert run.seconds_to_ready < READY_SECONDS


def test_it_shuts_down_gracefully_and_in_time(run):
    assert run.status == 0
    assert run.seconds_to_end < GRACE_SECONDS


def test_every_accepted_request_gets_a_response(run):
    assert run.accepted == run.answered
    assert len(run.answered_late) > 0


def test_shutdown_waits_for_slow_requests(run):
    assert run.slow == [(200, "1.5")]
