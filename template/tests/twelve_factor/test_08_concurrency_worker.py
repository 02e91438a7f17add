"""VIII. Concurrency: scale out by adding workers, which share the jobs."""

import asyncio

import pytest

from support.probe import PROBE
from support.probe.jobs import probe_append
from support.processes import until

pytestmark = pytest.mark.anyio

JOBS = 40


@pytest.fixture
def environment(deployed):
    """Start a second worker."""
    return deployed.environment


async def test_workers_share_the_jobs_and_run_each_once(start, deployed, runtime, tmp_path):
    pair = [start("worker", program=PROBE), deployed.processes["worker"]]
    pair[0].wait_for("worker ready")
    lines = tmp_path / "lines"
    keys = set()

    def shares():
        ended = [worker.events("job finished") for worker in pair]
        return [sum(event["job_key"] in keys for event in events) for events in ended]

    # One worker may run the first jobs alone, but not all.
    async with asyncio.timeout(20):
        while min(shares()) == 0:
            for _ in range(JOBS):
                job = await probe_append.enqueue(
                    runtime.queue, path=str(lines), line=str(len(keys))
                )
                keys.add(job.key)
            await asyncio.sleep(0.1)
    until(lambda: sum(shares()) >= len(keys), seconds=20, what=f"the jobs in {pair}")
    assert sorted(map(int, lines.read_text().split())) == list(range(len(keys)))
