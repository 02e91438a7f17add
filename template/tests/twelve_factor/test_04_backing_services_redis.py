"""IV. Backing services: Redis is attached by its URL, and the service runs without it."""

from support.processes import free_port
from support.web import get, wait_for_status


def test_redis_is_attached_by_its_url(start, redis_url):
    web = start("web", REDIS_URL=redis_url)
    assert wait_for_status(web, "/health/ready", 200).json()["checks"]["redis"]["ok"]


def test_the_service_starts_and_runs_without_redis(start):
    web = start("web", REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert wait_for_status(web, "/health/live", 200)
    assert not get(web, "/health/ready").json()["checks"]["redis"]["ok"]
    assert web.stop() == 0
