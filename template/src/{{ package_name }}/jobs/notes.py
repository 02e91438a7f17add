"""Jobs about notes."""

from ..chassis.jobs import JobContext, job
from ..db import notes
from ..settings import Settings
from ..words import WordCount


@job()
async def report_words(context: JobContext[Settings]) -> dict[str, object]:
    """Count the words of all notes."""
    words = WordCount()
    async with context.runtime.database.session() as session:
        total = await notes.count(session)
        seen = 0
        async for note in notes.every(session):
            words.add(f"{note.title} {note.body}")
            seen += 1
            if seen % notes.BATCH == 0:
                await context.progress(seen / total)
    return words.summary(context.runtime.settings.top_words)


@job(cron="30 3 * * *")
async def purge_notes(context: JobContext[Settings]) -> int:
    """Delete notes that were archived long ago, every night at 03:30 UTC."""
    async with context.runtime.database.session.begin() as session:
        return await notes.purge(session, days=context.runtime.settings.note_keep_days)
