"""The web process itself: what it writes, and how it ends."""

import json

from support.web import get, request, wait_until_ready


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
