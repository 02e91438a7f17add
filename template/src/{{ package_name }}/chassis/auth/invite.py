"""Invitations by users and by commands."""

from collections.abc import Iterable

from ..db.users import find_user
from ..runtime import Runtime
from .account_mail import AccountMail, Kind
from .accounts import EmailTaken, refuse_deceiving, validate_email
from .later import later


async def invite(runtime: Runtime, email: str, *, roles: Iterable[str] = ()) -> None:
    """Send a link that creates an account.

    Args:
        runtime: The runtime.
        email: The address as typed.
        roles: Roles of the account.

    Raises:
        EmailRefused: If the address is invalid, or can be mistaken for another one.
        EmailTaken: If another account has this address.
    """
    email = validate_email(email)
    refuse_deceiving(email)
    async with runtime.database.session() as session:
        if await find_user(session, email):
            raise EmailTaken(email)
    await later(runtime, AccountMail(Kind.INVITATION, email=email, roles=sorted(set(roles))))
