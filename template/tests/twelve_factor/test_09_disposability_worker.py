"""IX. Disposability: jobs survive a shutdown or crash of their worker."""

import signal

import anyio
import pytest
from saq.job import Status

from support.jobs import ended
from support.probe import PROBE
from support.probe.jobs import probe_block, probe_sleep, probe_slow_once, probe_thread

pytestmark = pytest.mark.anyio


async def test_shutdown_finishes_short_jobs_and_requeues_long_ones(start, runtime, tmp_path):
    first = start("worker", program=PROBE, SHUTDOWN_SECONDS="1")
    first.wait_for("worker ready")
    short = await probe_sleep.enqueue(runtime.queue, seconds=0.5)
    long = await probe_slow_once.enqueue(runtime.queue, path=f"{tmp_path}/runs", seconds=60)
    await begun(runtime, short, long)
    second = start("worker", program=PROBE)
    assert first.stop(seconds=10) == 0
    assert [event["job_key"] for event in first.events("job finished")] == [short.key]
    done = await ended(runtime.queue, long, seconds=20)
    assert done.result == 2, second


async def test_jobs_of_a_killed_worker_run_on_another(start, runtime, tmp_path):
    first = start("worker", program=PROBE, JOB_CONCURRENCY="1")
    first.wait_for("worker ready")
    job = await probe_slow_once.enqueue(runtime.queue, path=f"{tmp_path}/runs", seconds=60)
    await begun(runtime, job)
    following = await probe_sleep.enqueue(runtime.queue, seconds=0)
    second = start("worker", program=PROBE)
    first.signal(signal.SIGKILL)
    done = [await ended(runtime.queue, each, seconds=20) for each in (job, following)]
    assert [each.result for each in done] == [2, 0], second


async def begun(runtime, *jobs):
    """Wait until jobs are running."""
    states = []
    with anyio.fail_after(10):
        while states != [Status.ACTIVE] * len(jobs):
            await anyio.sleep(0.05)
            states = [(await runtime.queue.find(job.key)).status for job in jobs]


async def test_code_that_blocks_the_event_loop_is_not_run_twice(start, runtime, tmp_path):
    for _ in range(2):
        start("worker", program=PROBE, JOB_HEARTBEAT_SECONDS="2").wait_for("worker ready")
    job = await probe_block.enqueue(runtime.queue, seconds=7, path=f"{tmp_path}/runs")
    done = await ended(runtime.queue, job, seconds=20)
    assert (done.attempts, (tmp_path / "runs").read_text()) == (1, "run\n")


@pytest.mark.parametrize("name", ["probe_block", "probe_thread"])
async def test_code_that_cannot_be_interrupted_does_not_outlive_the_shutdown(start, runtime, name):
    worker = start("worker", program=PROBE, SHUTDOWN_SECONDS="1")
    worker.wait_for("worker ready")
    function = {"probe_block": probe_block, "probe_thread": probe_thread}[name]
    await begun(runtime, await function.enqueue(runtime.queue, seconds=60))
    worker.signal(signal.SIGTERM)
    assert worker.wait(seconds=15) in (0, 1)
