"""The routes and commands of the depot."""

import pytest

from support.processes import run


def test_the_depot_is_shown(client):
    depot = client.get("/depot").json()
    assert depot["name"] == "north"
    assert depot["countries"] == ["DE", "AT"]
    assert depot["mail"] == "127.0.0.1:25"


def test_events_arrive_one_after_the_other(client):
    answer = client.get("/depot/ticks")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.text.count("event: parcel") == 3


@pytest.mark.usefixtures("environment")
def test_a_label_is_uploaded(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = client.post("/depot/labels", files={"data": ("label.zpl", b"^XA^XZ" * 500)})
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"name": "label.zpl", "size": "3.0 kB", "copies": 1, "footer": None}
    assert (tmp_path / "labels" / "label.zpl").read_bytes() == b"^XA^XZ" * 500


def test_cookies_and_headers_are_read(client):
    sent = {"Cookie": "language=de", "X-Device": "scanner"}
    answer = client.get("/depot/preferences", headers=sent)
    assert answer.json() == {"language": "de", "device": "scanner"}
    assert answer.cookies["language"] == "de"


def test_a_websocket_talks_in_this_process(client):
    with client.websocket_connect("/depot/feed") as socket:
        socket.send_text("hello")
        assert socket.receive_json() == {"depot": "north", "said": "hello"}


def test_the_group_of_commands_is_part_of_admin(environment):
    done = run("admin", "depot", "surcharge", "CH", environment=environment)
    assert (done.returncode, done.stdout) == (0, "5\n")
