"""IV. Backing services: this service has none, and needs none."""

from support.fixtures import deployment
from support.web import get, wait_until_ready


def test_it_is_ready_with_nothing_around_it(start):
    web = start("web")
    wait_until_ready(web)
    assert get(web, "/health/ready").json()["checks"] == {}


def test_no_address_is_among_its_settings():
    assert [name for name in deployment({}) if name.endswith("_URL")] == []
