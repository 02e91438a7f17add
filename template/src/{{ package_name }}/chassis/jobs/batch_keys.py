"""The broker's keys of a batch: three keys that expire together."""

from __future__ import annotations

from typing import Any

from saq.job import Job, Status


class BatchKeys:
    """The broker's keys of one batch.

    Args:
        prefix: Key of the counters, and prefix of the other keys.
        seconds: Time to live after the last change.
    """

    def __init__(self, prefix: str, seconds: int) -> None:
        self.counts = prefix
        self.waiting = f"{prefix}:waiting"
        self.failed = f"{prefix}:failed"
        self._seconds = seconds

    def expire(self, pipe: Any) -> None:
        """Set the expiry of all keys.

        Args:
            pipe: Redis pipeline.
        """
        for key in (self.counts, self.waiting, self.failed):
            pipe.expire(key, self._seconds)

    def note_end(self, pipe: Any, job: Job, status: Status) -> None:
        """Record the end of a job; idempotent.

        Args:
            pipe: Redis pipeline.
            job: A job of the batch.
            status: Final status of the job.
        """
        pipe.srem(self.waiting, job.key)
        note = pipe.srem if status is Status.COMPLETE else pipe.sadd
        note(self.failed, job.key)
        self.expire(pipe)

    def note_again(self, pipe: Any, job: Job) -> None:
        """Record that a finished job is queued again.

        Args:
            pipe: Redis pipeline.
            job: A job of the batch.
        """
        pipe.sadd(self.waiting, job.key)
        pipe.srem(self.failed, job.key)
        self.expire(pipe)
