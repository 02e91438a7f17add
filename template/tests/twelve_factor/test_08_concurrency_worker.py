"""VIII. Concurrency: workers are added side by side, and share the work."""

import pytest

from support.probe import PROBE, probe_append
from support.processes import until

pytestmark = pytest.mark.anyio

JOBS = 40


@pytest.fixture
def environment(deployed):
    """Another worker joins the one that runs."""
    return deployed.environment


async def test_workers_share_the_jobs_and_do_each_once(start, deployed, runtime, tmp_path):
    pair = [start("worker", program=PROBE), deployed.processes["worker"]]
    pair[0].wait_for("worker ready")
    lines = tmp_path / "lines"
    jobs = [
        await probe_append.enqueue(runtime.queue, path=str(lines), line=str(number))
        for number in range(JOBS)
    ]
    keys = {job.key for job in jobs}

    def shares():
        ended = [worker.events("job finished") for worker in pair]
        return [sum(event["job_key"] in keys for event in events) for events in ended]

    until(lambda: sum(shares()) >= JOBS, seconds=20, what=f"the jobs in {pair}")
    assert sorted(map(int, lines.read_text().split())) == list(range(JOBS))
    assert min(shares()) > 0
