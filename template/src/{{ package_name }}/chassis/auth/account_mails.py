"""Sending of mails about accounts.

A mail is only sent if it still applies at that moment. Its link is made then, too, so that its
secret is nowhere else.
"""

from uuid import UUID

from ..db.users import User
from ..runtime import Runtime
from .account_mail import AccountMail, Kind
from .accounts import EmailTaken
from .email_change import issue_change
from .invitations import issue_invitation
from .known_clients import is_new_client, remember_client
from .links import Purpose
from .recovery import issue_reset
from .verification import issue_verification

# Sent instead of a link that creates an account, to an address that has one.
ACCOUNT_EXISTS = "account_exists"
LEAVE_EMAIL = "leave_email"


async def send(runtime: Runtime, mail: AccountMail) -> None:
    """Send a mail about an account, if it still applies.

    Args:
        runtime: The runtime.
        mail: The mail.

    Raises:
        MailUnavailable: If the mail server cannot be reached, or does not accept the mail now.
        MailRefused: If the mail server will not accept the mail.
    """
    match mail.kind:
        case Kind.RESET:
            await _send_reset(runtime, mail)
        case Kind.SIGN_UP | Kind.INVITATION:
            await _send_invitation(runtime, mail)
        case Kind.VERIFICATION:
            await _send_verification(runtime, mail)
        case Kind.CHANGE:
            await _send_change(runtime, mail)
        case Kind.LOGIN:
            await _send_login(runtime, mail)
        case Kind.PASSWORD_CHANGED:
            if user := await _user(runtime, mail.user_id):
                await runtime.mail.send_now(mail.kind, to=user.email, context={"email": user.email})


async def _send_reset(runtime: Runtime, mail: AccountMail) -> None:
    if secret := await issue_reset(runtime, mail.email):
        seconds = runtime.settings.reset_link_seconds
        link = _link(runtime, Purpose.RESET, secret)
        await _send_link(runtime, mail.kind, mail.email, link, seconds)


async def _send_invitation(runtime: Runtime, mail: AccountMail) -> None:
    settings = runtime.settings
    invited = mail.kind == Kind.INVITATION
    seconds = settings.invitation_seconds if invited else settings.email_link_seconds
    try:
        secret = await issue_invitation(runtime, mail.email, seconds=seconds, roles=mail.roles)
    except EmailTaken:
        await runtime.mail.send_now(ACCOUNT_EXISTS, to=mail.email, context={"email": mail.email})
    else:
        link = _link(runtime, Purpose.CREATE_ACCOUNT, secret)
        await _send_link(runtime, mail.kind, mail.email, link, seconds)


async def _send_verification(runtime: Runtime, mail: AccountMail) -> None:
    user = await _user(runtime, mail.user_id)
    if user and (secret := await issue_verification(runtime, user)):
        seconds = runtime.settings.email_link_seconds
        link = _link(runtime, Purpose.VERIFY_EMAIL, secret)
        await _send_link(runtime, mail.kind, user.email, link, seconds)


async def _send_change(runtime: Runtime, mail: AccountMail) -> None:
    user = await _user(runtime, mail.user_id)
    if user is None:
        return
    try:
        secrets = await issue_change(runtime, user, mail.new_email)
    except EmailTaken:
        context = {"email": mail.new_email}
        await runtime.mail.send_now(ACCOUNT_EXISTS, to=mail.new_email, context=context)
        return
    if secrets is None:
        return
    for name, purpose, to, secret in (
        (LEAVE_EMAIL, Purpose.LEAVE_EMAIL, user.email, secrets.old),
        (mail.kind, Purpose.CHANGE_EMAIL, mail.new_email, secrets.new),
    ):
        link = _link(runtime, purpose, secret)
        await _send_link(runtime, name, to, link, runtime.settings.email_link_seconds)


async def _send_login(runtime: Runtime, mail: AccountMail) -> None:
    user = await _user(runtime, mail.user_id)
    if user is None:
        return
    client = {"address": mail.address, "agent": mail.agent}
    if await is_new_client(runtime.database, user.id, **client):
        context = {**client, "email": user.email, "at": mail.at}
        await runtime.mail.send_now(mail.kind, to=user.email, context=context)
    # Afterwards, so that a mail that could not be sent is tried again.
    await remember_client(runtime.database, user.id, **client)


async def _send_link(runtime: Runtime, name: str, to: str, link: str, seconds: int) -> None:
    context = {"email": to, "link": link, "lifetime": lifetime(seconds)}
    await runtime.mail.send_now(name, to=to, context=context)


def _link(runtime: Runtime, purpose: Purpose, secret: str) -> str:
    settings = runtime.settings
    pages = settings.links_url or f"http://127.0.0.1:{settings.port}/auth/links"
    # The part after the # is not sent to servers, and so is in no log and no Referer.
    return f"{pages}/{purpose}#{secret}"


async def _user(runtime: Runtime, user_id: UUID | None) -> User | None:
    async with runtime.database.session() as session:
        user = await session.get(User, user_id) if user_id else None
    return user if user and user.is_active else None


def lifetime(seconds: int) -> str:
    """A lifetime in words, rounded down, such as `24 hours`.

    Args:
        seconds: The lifetime, at least 1.
    """
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        # Two or more of a unit, because 90 minutes say more than one hour.
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}s"
    return "1 second"
