"""The job that sends mails about accounts."""

from ..jobs.context import JobContext
from ..jobs.failures import PermanentFailure
from ..jobs.functions import job
from ..mail import InvalidAddress, MailRefused
from .account_mail import AccountMail
from .account_mails import send

# With the delays between them, about an hour: later, nobody waits for a link.
ATTEMPTS = 12
LONGEST_DELAY_SECONDS = 600
# Shortly, because it contains addresses.
KEEP_SECONDS = 60


@job(retries=ATTEMPTS, retry_delay_limit=LONGEST_DELAY_SECONDS, keep=KEEP_SECONDS)
async def send_account_mail(context: JobContext, *, mail: AccountMail) -> None:
    """Send a mail about an account, if it still applies."""
    try:
        await send(context.runtime, mail)
    except (MailRefused, InvalidAddress) as error:
        raise PermanentFailure(str(error)) from None
