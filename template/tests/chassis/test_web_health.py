"""Health probes of the web process."""

import asyncio
import time

import pytest


async def answer():
    pass


async def refuse():
    raise ConnectionRefusedError("user:canary@host")


async def never_answer():
    await asyncio.Event().wait()


@pytest.fixture
def checks():
    """Readiness checks that replace the service's."""
    return {}


@pytest.fixture
def client(serve, checks):
    return serve(checks=checks, git_sha="0123456789abcdef")


@pytest.mark.parametrize("path", ["/health/live", "/health/startup"])
def test_liveness_ignores_backing_services(client, checks, settings, path):
    checks.update(refusing=refuse, silent=never_answer)
    start = time.monotonic()
    health = client.get(path)
    assert time.monotonic() - start < 0.9
    assert health.status_code == 200
    assert health.json() == {"status": "ok", "release": f"{settings.release}+0123456789ab"}


def test_a_process_is_ready_if_all_checks_pass(client, checks):
    checks.update(one=answer, two=answer)
    health = client.get("/health/ready")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert {name: check["ok"] for name, check in health.json()["checks"].items()} == {
        "one": True,
        "two": True,
    }


def test_the_checks_of_the_service_pass(serve):
    assert serve().get("/health/ready").status_code == 200


def test_a_process_is_unavailable_if_a_required_check_fails(client, checks):
    checks.update(one=answer, two=refuse)
    health = client.get("/health/ready")
    assert (health.status_code, health.json()["status"]) == (503, "unavailable")
    assert health.json()["checks"]["one"]["ok"] is True
    assert health.json()["checks"]["two"]["error"] == "ConnectionRefusedError"
    assert "canary" not in health.text


def test_a_process_is_degraded_if_an_optional_check_fails(serve):
    client = serve(checks={"one": answer, "two": refuse}, optional={"two"})
    health = client.get("/health/ready")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    found = health.json()["checks"]
    assert {name: found[name]["ok"] for name in found} == {"one": True, "two": False}
    assert {name: found[name]["required"] for name in found} == {"one": True, "two": False}


def test_readiness_takes_at_most_two_seconds(client, checks):
    checks.update({f"silent {number}": never_answer for number in range(5)})
    start = time.monotonic()
    health = client.get("/health/ready")
    assert time.monotonic() - start < 2
    assert health.status_code == 503
    assert "no response within 1 s" in health.text


def test_a_change_of_readiness_is_logged_once(client, checks, events):
    for check in (answer, refuse, refuse, refuse, answer, answer):
        checks["probe"] = check
        client.get("/health/ready")
    changes = [event for event in events if event["event"] != "request"]
    assert [(event["event"], event["service"]) for event in changes] == [
        ("backing service lost", "probe"),
        ("backing service back", "probe"),
    ]


@pytest.mark.parametrize("path", ["/health/live", "/health/startup", "/health/ready"])
def test_head_works_for_health_probes(client, checks, path):
    checks.update(refusing=refuse)
    as_get, as_head = client.get(path), client.head(path)
    assert as_head.status_code == as_get.status_code
    assert as_head.headers["Content-Length"] == as_get.headers["Content-Length"]
    assert as_head.content == b""
