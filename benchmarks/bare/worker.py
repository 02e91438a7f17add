"""SAQ's own worker, with the settings that the generated service gives to its jobs."""

import asyncio
import os
import sys

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from saq import Job, Queue, Worker
from saq.queue.redis import RedisQueue
from saq.types import Context


async def nothing(_context: Context) -> None:
    """Do nothing."""


async def enqueue(queue: Queue, count: int) -> None:
    """Fill the queue.

    Args:
        queue: The queue.
        count: Number of jobs.
    """
    for _ in range(count):
        job = Job("nothing", retries=3, timeout=300, heartbeat=30, ttl=86_400)
        job.retry_delay, job.retry_backoff = 1.0, 60.0
        await queue.enqueue(job)


async def main() -> None:
    """Run jobs until SIGTERM, or enqueue the number of jobs that the argument gives."""
    redis = Redis.from_url(
        os.environ["REDIS_URL"],
        socket_connect_timeout=2,
        socket_timeout=5,
        retry=Retry(NoBackoff(), 1),
    )
    queue = RedisQueue(redis, name=os.environ["JOB_QUEUE"])
    if len(sys.argv) > 1:
        await enqueue(queue, int(sys.argv[1]))
    else:
        worker = Worker(
            queue, [nothing], concurrency=10, dequeue_timeout=1, shutdown_grace_period_s=25
        )
        await worker.start()
    await queue.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
