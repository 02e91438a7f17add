"""Jobs that count words; the broker stores their results."""

from saq.job import Status

from ..chassis.jobs import JobContext, JobQueue, job
from ..chassis.jobs.queue import age_in_days
from ..settings import Settings
from ..words import WordCount

LINES_BETWEEN_REPORTS = 1000


@job(keep=0)
async def count_text(context: JobContext[Settings], *, text: str) -> dict[str, object]:
    """Count the words of a text; the nightly cleanup deletes old results."""
    words = WordCount()
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        words.add(line)
        if number % LINES_BETWEEN_REPORTS == 0:
            await context.progress(number / len(lines))
    return words.summary(context.runtime.settings.top_words)


@job(cron="30 3 * * *")
async def forget_counts(context: JobContext[Settings]) -> int:
    """Delete old counts, every night at 03:30 UTC."""
    days = context.runtime.settings.count_keep_days
    return await forget(context.runtime.queue, days=days)


async def forget(queue: JobQueue, *, days: int) -> int:
    """Delete finished counts from the broker.

    Args:
        queue: The queue.
        days: Age of the counts to delete, in days.

    Returns:
        Number of deleted counts.
    """
    old = [
        count
        async for count in queue.iter_jobs([Status.COMPLETE])
        if count.function == count_text.name and age_in_days(count) >= days
    ]
    for count in old:
        await queue.forget(count)
    return len(old)
