"""IX. Disposability: a worker's jobs survive it, however it ends."""

import signal

import anyio
import pytest
from saq.job import Status

from support.jobs import ended
from support.probe import PROBE, probe_sleep, probe_slow_once

pytestmark = pytest.mark.anyio


async def test_when_told_to_go_it_finishes_what_is_short_and_gives_back_what_is_long(
    start, runtime, tmp_path
):
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


async def test_when_killed_another_does_what_it_was_at_and_what_was_to_follow(
    start, runtime, tmp_path
):
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
