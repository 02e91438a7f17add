"""VIII. Concurrency: web processes are added side by side."""

from support.web import get, wait_until_ready


def test_web_processes_stand_side_by_side(start, deployed):
    another = start("web")
    wait_until_ready(another)
    for web in (another, deployed.processes["web"]):
        assert get(web, "/health/live").status_code == 200
