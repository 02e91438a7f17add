"""IV. Backing services: a web process tolerates outages of its database."""

from support.database import address_beside, created
from support.web import get, wait_for_status, wait_until_ready


def test_web_without_database_is_live_but_not_ready(migrated_database, start):
    address = address_beside(migrated_database)
    web = start("web", DATABASE_URL=address)
    checks = wait_for_status(web, "/health/ready", 503).json()["checks"]
    assert checks["database"]["ok"] is False
    assert get(web, "/health/live").status_code == 200
    with created(address, migrated_database):
        wait_until_ready(web, seconds=5)
        web.kill_all()
