"""Upgrades side by side, with an index that is built concurrently."""

import pytest
from sqlalchemy import text

from orbit.chassis.db import migrate
from orbit.chassis.db.engine import Database
from orbit.settings import Settings

from support.database import database_beside
from support.processes import START_SECONDS

WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
def fresh_database(database_url):
    """Address of a database without tables."""
    with database_beside(database_url) as url:
        yield url


@pytest.mark.anyio
async def test_an_upgrade_is_done_while_another_one_waits(fresh_database, start):
    settings = Settings(_env_file=None, database_url=fresh_database)
    async with Database.open(settings) as database, database.engine.connect() as connection:
        processes = await connection.run_sync(two_that_wait, fresh_database, start)
    assert [process.wait() for process in processes] == [0, 0], processes


def two_that_wait(connection, url, start):
    """Hold the lock of migrations until two upgrades wait for it."""
    with migrate.backend.migration_lock(connection):
        processes = [start("db", "upgrade", DATABASE_URL=url) for _ in range(2)]
        for _ in range(START_SECONDS * 10):
            if connection.scalar(text(WAITING)) == 2:
                return processes
            connection.execute(text("SELECT pg_sleep(0.1)"))
            connection.commit()
    raise AssertionError(f"the upgrades do not wait: {processes}")
