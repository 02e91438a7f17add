"""Upgrades side by side, with an index that is built concurrently."""

import time

import pytest

from orbit.chassis.db import migrate
from orbit.chassis.db.engine import Database
from orbit.settings import Settings

from support.database import database_beside

# Upgrades start within a second, and then wait.
WAIT_SECONDS = 3


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
    """Hold the lock of migrations until two upgrades want it."""
    with migrate.backend.migration_lock(connection):
        processes = [start("db", "upgrade", DATABASE_URL=url) for _ in range(2)]
        time.sleep(WAIT_SECONDS)
    assert [process.popen.poll() for process in processes] == [None, None], processes
    return processes
