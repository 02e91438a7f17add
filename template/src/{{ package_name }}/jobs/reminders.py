"""The job that reminds users of their notes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ..chassis.db.users import User
from ..chassis.jobs import JobContext, PermanentFailure, job
from ..chassis.mail import InvalidAddress
from ..db.models import Note
from ..settings import Settings


# With the delays between them, about an hour without the database.
@job(retries=12, retry_delay_limit=600)
async def send_reminder(context: JobContext[Settings], *, note_id: UUID, at: datetime) -> bool:
    """Send a mail about a note to its owner, if it is there, not archived, and the owner active.

    Args:
        context: The context of the job.
        note_id: Id of the note.
        at: When the owner wanted the mail.

    Returns:
        Whether a mail is sent.
    """
    runtime = context.runtime
    query = (
        select(Note, User)
        .join(User, Note.owner_id == User.id)
        .where(Note.id == note_id, Note.archived_at.is_(None), User.is_active)
    )
    async with runtime.database.session() as session:
        row = (await session.execute(query)).one_or_none()
    if row is None:
        return False
    note, owner = row
    try:
        await runtime.mail.send(
            "reminder",
            to=owner.email,
            context={"title": note.title, "body": note.body},
            # The same for each attempt, so that none sends a second mail.
            key=f"reminder {note_id} {at}",
        )
    except InvalidAddress as error:
        raise PermanentFailure(str(error)) from None
    return True
