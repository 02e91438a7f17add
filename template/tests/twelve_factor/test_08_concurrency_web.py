"""VIII. Concurrency: scale out by adding web processes."""

from support.web import get, wait_until_ready


def test_web_processes_can_be_added(start, deployed):
    another = start("web")
    wait_until_ready(another)
    for web in (another, deployed.processes["web"]):
        assert get(web, "/health/live").status_code == 200
