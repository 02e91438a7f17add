"""What extends the service, seen from outside."""

import socket

from support.processes import until
from support.web import wait_until_ready

SHOP = "https://shop.example.org"
HANDSHAKE = (
    "GET /depot/feed HTTP/1.1\r\nHost: depot\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def test_middleware_of_a_router_sees_its_responses(client):
    assert client.get("/depot").headers["X-Depot"] == "north"


def test_an_exception_handler_of_a_router_answers(client):
    answer = client.get("/depot/lost/7")
    assert (answer.status_code, answer.json()["detail"]) == (410, "Parcel 7 is lost.")


def test_middleware_of_the_service_sees_the_responses_of_every_route(client):
    paths = ("/depot", "/health/live")
    assert {path: client.get(path).headers.get("X-Depot") for path in paths} == dict.fromkeys(
        paths, "north"
    )


def test_another_origin_may_call_the_service(client):
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    preflight = client.options("/depot/labels", headers=asked)
    assert preflight.headers.get("Access-Control-Allow-Origin") == SHOP
    answer = client.get("/depot", headers={"Origin": SHOP})
    assert answer.headers.get("Access-Control-Allow-Origin") == SHOP


def test_a_plugin_brings_a_route(client):
    assert client.get("/carriers").json() == ["Snail", "Pigeon"]


def test_a_resource_is_open_while_the_service_runs(client):
    assert client.get("/depot").json()["printer"] == "ready"


def test_a_readiness_check_is_part_of_readiness(client):
    assert "printer" in client.get("/health/ready").text


def test_each_log_line_names_the_depot(start):
    web = start("web")
    wait_until_ready(web)
    assert {event.get("depot") for event in web.events()} == {"north"}


def test_the_server_takes_websockets(start):
    web = start("web")
    wait_until_ready(web)
    address = ("127.0.0.1", int(web.environment["PORT"]))
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(HANDSHAKE.encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 101 ")


def test_a_second_process_runs_until_it_is_told_to_end(start):
    clock = start("admin", "depot", "clock")
    clock.wait_for("clock ready")
    assert clock.stop() == 0
    assert clock.events("clock ended")


def test_dev_runs_the_second_process(start, tmp_path):
    dev = start("dev", "--no-reload", folder=tmp_path, LOG_FORMAT="json")
    wait_until_ready(dev)
    until(lambda: dev.events("clock ready"), seconds=15, what=f"the clock in {dev}")
