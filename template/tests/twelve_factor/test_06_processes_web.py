"""VI. Processes: stateless, so that another process can take over."""

from support.web import get, wait_until_ready


def test_another_process_replaces_a_killed_one(start):
    first = start("web")
    wait_until_ready(first)
    first.kill_all()
    second = start("web")
    wait_until_ready(second)
    assert get(second, "/health/live").status_code == 200
