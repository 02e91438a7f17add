"""PostgreSQL and Redis fail under load, in every way that the table below names.

The service has all parts, and each outage takes a few seconds. Every request gets a response in
time, nothing that was accepted is lost, and the service recovers by itself.
`python -m pytest -s tests/drill` prints the table.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.bytecode import shared_bytecode
from tests.deployments import Deployment, wait_until
from tests.grown.composing import edit, returned
from tests.rendering import answer_sets, render
from tests.rollout.sides import names, succeed
from tests.test_generated import BIN, clean_environment, pythons

from .load import Load
from .servers import Postgres, Proxy, Valkey

OVERLAY = Path(__file__).with_name("overlay") / "drill.py"
BEFORE_SECONDS = 2
OUTAGE_SECONDS = 5
# Longer than the service waits for a server that keeps its connections and does not respond.
FROZEN_SECONDS = 15
STATEMENT_SECONDS = 5
# After the end of an outage.
RECOVERY_SECONDS = 30
LONGEST_RESPONSE_SECONDS = 20
# Until all accepted jobs have run; a job that failed is tried again with growing pauses.
JOBS_SECONDS = 90
DISK_BYTES = 160_000_000

End = Callable[[], object]

pytestmark = [pytest.mark.generated, pytest.mark.thorough, pytest.mark.timeout(900)]


@dataclass(slots=True)
class Plant:
    """A service under load, with its backing services.

    Attributes:
        deployment: Its processes.
        load: The load.
        runs: File with the number of each job that has run.
        postgres: The database.
        standby: A copy of it, once there is one.
        valkey: The broker.
        replica: A copy of it.
        proxy: The address of the broker.
        disk: File system with the data of the database; None if it has no bound.
    """

    deployment: Deployment
    load: Load
    runs: Path
    postgres: Postgres
    valkey: Valkey
    replica: Valkey
    proxy: Proxy
    disk: Path | None
    standby: Postgres | None = None


@pytest.fixture(scope="module")
def plant(template: Path, shared: Path) -> Iterator[Plant]:
    """The service, with one web process and one worker."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="drill-")))
        folder.chmod(0o755)
        # Titles are unique without owners, so that a job that runs twice writes one row.
        answers = {**answer_sets()["complete"], "example_parts": []}
        project = render(template, folder / "project", answers)
        package, name = names(project)
        shutil.copy(OVERLAY, project / "src" / package / "web" / OVERLAY.name)
        for function, added in (("routes", "DrillController"), ("jobs", "work")):
            change = partial(returned, function=function, module=".web.drill", name=added)
            edit(project / "src" / package / "app.py", change)
        python = pythons()[answers["lowest_python"]]
        succeed([BIN / "uv", "sync", "--quiet", "--python", python], project)
        stack.enter_context(shared_bytecode(project / ".venv", shared))

        disk = small_disk(folder / "disk", stack)
        postgres = Postgres((disk or folder) / "primary")
        postgres.create()
        stack.callback(lambda: kill(postgres))
        standby = postgres.copy(folder / "standby")
        stack.callback(lambda: kill(standby))
        valkey = Valkey(folder / "valkey")
        stack.callback(lambda: kill(valkey))
        replica = Valkey(folder / "replica", replica_of=valkey.port)
        stack.callback(lambda: kill(replica))
        proxy = Proxy(valkey.port)
        stack.callback(proxy.close)

        hosts = f"127.0.0.1:{postgres.port},127.0.0.1:{standby.port}"
        environment = {
            **clean_environment(),
            "DATABASE_URL": f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write",
            "REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0",
            "STORAGE_URL": (folder / "files").as_uri(),
            "DRILL_RUNS": str(folder / "runs"),
            "DATABASE_STATEMENT_SECONDS": str(STATEMENT_SECONDS),
            "LOG_LEVEL": "error",
        }
        deployment = Deployment(project, name, environment)
        deployment.run("db", "upgrade")
        client = stack.enter_context(deployment.web())
        stack.enter_context(deployment.process("worker"))
        load = Load(str(client.base_url))
        yield Plant(
            deployment, load, folder / "runs", postgres, valkey, replica, proxy, disk, standby
        )


def small_disk(folder: Path, stack: ExitStack) -> Path | None:
    """Mount a file system that can become full.

    Args:
        folder: Where.
        stack: Unmounts it.

    Returns:
        The folder; None if this user must not mount.
    """
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs", str(folder)]
    if (
        not shutil.which("mount")
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        return None
    stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
    return folder


def kill(server: Postgres | Valkey) -> None:
    """End a server that may be frozen or stopped."""
    if server.process.poll() is None:
        server.thaw()
        server.stop()


def stop(server: Postgres | Valkey) -> End:
    server.stop()
    return server.start


def freeze(server: Postgres | Valkey) -> End:
    server.freeze()
    return server.thaw


def restart(server: Postgres | Valkey) -> End:
    server.stop()
    server.start()
    return lambda: None


def make_database_read_only(plant: Plant) -> End:
    def set_to(value: str) -> None:
        setting = f"ALTER SYSTEM SET default_transaction_read_only = {value}"
        plant.postgres.sql("SET default_transaction_read_only = off", setting)
        plant.postgres.sql("SELECT pg_reload_conf()")

    set_to("on")
    return lambda: set_to("off")


def fill_database(plant: Plant) -> End:
    if plant.disk is None:
        pytest.skip("this user cannot mount a small file system: run the drill as root")
    filling = plant.disk / "filling"
    with filling.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        except OSError:
            pass
    return filling.unlink


def fail_database_over(plant: Plant) -> End:
    assert plant.standby
    plant.postgres.stop()
    plant.standby.promote()
    plant.postgres = plant.standby
    return lambda: None


def make_broker_read_only(plant: Plant) -> End:
    plant.valkey.command("REPLICAOF", "127.0.0.1", "1")
    return partial(plant.valkey.command, "REPLICAOF", "NO", "ONE")


def fill_broker(plant: Plant) -> End:
    plant.valkey.command("CONFIG", "SET", "maxmemory", "1")
    return partial(plant.valkey.command, "CONFIG", "SET", "maxmemory", "0")


def fail_broker_over(plant: Plant) -> End:
    """Promote the replica; the old server stays, with its connections, and refuses to write."""
    plant.replica.command("REPLICAOF", "NO", "ONE")
    plant.valkey.command("REPLICAOF", "127.0.0.1", str(plant.replica.port))
    plant.proxy.switch(plant.replica.port)
    plant.valkey, plant.replica = plant.replica, plant.valkey
    return lambda: None


def lose_broker(plant: Plant) -> End:
    """Stop the server for good, and promote the replica."""
    plant.valkey.stop()
    plant.replica.command("REPLICAOF", "NO", "ONE")
    plant.proxy.switch(plant.replica.port)
    plant.valkey = plant.replica
    return lambda: None


OUTAGES: dict[str, Callable[[Plant], End]] = {
    "PostgreSQL stopped": lambda plant: stop(plant.postgres),
    "PostgreSQL frozen": lambda plant: freeze(plant.postgres),
    "PostgreSQL restarted": lambda plant: restart(plant.postgres),
    "PostgreSQL read-only": make_database_read_only,
    "PostgreSQL full": fill_database,
    "Redis stopped": lambda plant: stop(plant.valkey),
    "Redis frozen": lambda plant: freeze(plant.valkey),
    "Redis restarted": lambda plant: restart(plant.valkey),
    "Redis read-only": make_broker_read_only,
    "Redis full": fill_broker,
    "Redis failed over": fail_broker_over,
    "Redis lost, replica promoted": lose_broker,
    "PostgreSQL failed over": fail_database_over,
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_under_load(
    plant: Plant, outage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load = plant.load
    load.reset()
    load.start()
    try:
        time.sleep(BEFORE_SECONDS)
        end = OUTAGES[outage](plant)
        time.sleep(FROZEN_SECONDS if "frozen" in outage else OUTAGE_SECONDS)
        end()
        ended = time.monotonic()
        wait_until(lambda: load.served_since(ended), "requests are served", RECOVERY_SECONDS)
        recovered = time.monotonic() - ended
    finally:
        load.stop()
    expected = Counter(load.jobs)

    def runs() -> Counter[int]:
        return Counter(map(int, plant.runs.read_text().split())) & Counter(
            dict.fromkeys(expected, 9)
        )

    wait_until(lambda: runs().keys() >= expected.keys() or None, "all jobs have run", JOBS_SECONDS)
    lost_rows = load.rows - rows(plant, "row")
    doubled = (runs() - expected).total()
    longest = max(each.seconds for each in load.responses)
    statuses = load.statuses()
    with capsys.disabled():
        print(
            f"\n{outage:28} {len(load.responses):5} requests, {statuses[503]:4} times 503,"
            f" longest {longest:4.1f} s, {len(load.jobs):4} jobs, {doubled} doubled,"
            f" recovered after {recovered:4.1f} s {dict(statuses)}"
        )
    assert not lost_rows
    assert {status for status in statuses if not 200 <= status < 300} <= {503}
    assert longest <= LONGEST_RESPONSE_SECONDS


def rows(plant: Plant, kind: str) -> set[int]:
    """Numbers of the rows in the database.

    Args:
        plant: The service.
        kind: "row" or "job".
    """
    titles = plant.postgres.sql(f"SELECT title FROM notes WHERE title LIKE '{kind} %'")
    return {int(line.partition(" ")[2]) for line in titles.splitlines()}
