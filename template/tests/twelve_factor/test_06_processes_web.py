"""VI. Processes: stateless, so that any other can take over."""

from support.web import get, wait_until_ready


def test_another_process_takes_the_place_of_one_that_was_killed(start):
    first = start("web")
    wait_until_ready(first)
    first.kill_all()
    second = start("web")
    wait_until_ready(second)
    assert get(second, "/health/live").status_code == 200
