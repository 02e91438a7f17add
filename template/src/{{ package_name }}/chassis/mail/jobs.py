"""The job that sends mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..jobs.failures import PermanentFailure
from ..jobs.functions import job
from .errors import MailRefused
from .message import OutgoingMail
from .sent import remember_sent, was_sent

if TYPE_CHECKING:
    from ..jobs.queue import JobQueue
    from .server import Server

# With the delays between them, several hours: longer than servers that use greylisting want.
ATTEMPTS = 20
LONGEST_DELAY_SECONDS = 3600
# Shortly, because a mail can contain what only its recipient may know.
KEEP_SECONDS = 60


@job(retries=ATTEMPTS, retry_delay_limit=LONGEST_DELAY_SECONDS, keep=KEEP_SECONDS)
async def deliver_mail(context: Any, *, mail: OutgoingMail) -> bool:
    """Send a mail to one recipient, unless the server has accepted it before.

    Args:
        context: A `JobContext`, whose module the runtime may not import, as it does this one.
        mail: The mail.

    Returns:
        Whether it was sent now.
    """
    queue: JobQueue = context.runtime.queue
    server: Server = context.runtime.mail.server
    if await was_sent(queue, mail.key):
        return False
    try:
        await server.send(mail)
    except MailRefused as error:
        raise PermanentFailure(str(error)) from None
    await remember_sent(queue, mail.key)
    return True
