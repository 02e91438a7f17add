"""Change of a user's e-mail address, which both addresses have to confirm."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ..db.base import utc_now
from ..db.engine import Database
from ..db.errors import is_conflict
from ..db.links import Link
from ..db.users import User, find_user
from ..runtime import Runtime
from .accounts import EmailTaken
from .links import LinkRefused, Purpose, find, is_current, issue, lock, remember_verified

PURPOSES = (Purpose.LEAVE_EMAIL, Purpose.CHANGE_EMAIL)


class ChangeSecrets(NamedTuple):
    """Secrets of the two links of a change: for the old address, and for the new one."""

    old: str
    new: str


async def issue_change(runtime: Runtime, user: User, new_email: str) -> ChangeSecrets | None:
    """Create the two links of a change of address; they replace those of an earlier one.

    Args:
        runtime: The runtime.
        user: The user.
        new_email: The normalized new address.

    Returns:
        The secrets, or None if the user has changed in the meantime.

    Raises:
        EmailTaken: If another account has the new address.
    """
    async with runtime.database.session.begin() as session:
        stored = await lock(session, user.id)
        if stored is None or not stored.is_active or stored.email != user.email:
            return None
        if await find_user(session, new_email):
            raise EmailTaken(new_email)
        old, new = [
            await issue(
                session,
                purpose,
                email=stored.email,
                seconds=runtime.settings.email_link_seconds,
                user=stored,
                new_email=new_email,
            )
            for purpose in PURPOSES
        ]
    return ChangeSecrets(old, new)


async def confirm_change(database: Database, secret: str) -> bool:
    """Confirm a change of address at one of the two addresses.

    Args:
        database: The database.
        secret: The link's secret.

    Returns:
        Whether the address is changed now; otherwise the other address has to confirm, too.

    Raises:
        LinkRefused: If the link cannot be used.
        EmailTaken: If another account has got the new address in the meantime.
    """
    new_email = ""
    try:
        async with database.session.begin() as session:
            found = await find(session, secret, *PURPOSES)
            user = await lock(session, found.user_id) if found.user_id else None
            if user is None:
                raise LinkRefused
            # Read again behind the lock: another request may have used or replaced the links.
            pair = await session.scalars(
                select(Link)
                .where(Link.user_id == user.id, Link.purpose.in_(PURPOSES))
                .with_for_update()
                .execution_options(populate_existing=True)
            )
            links = {link.purpose: link for link in pair}
            link = links.get(found.purpose)
            if link is None or link.id != found.id or link.confirmed_at is not None:
                raise LinkRefused
            if not is_current(link, user):
                raise LinkRefused
            link.confirmed_at = utc_now()
            if len(links) < len(PURPOSES) or not all(each.confirmed_at for each in links.values()):
                return False
            user.email = new_email = link.new_email or ""
            for each in links.values():
                await session.delete(each)
            await remember_verified(session, user)
    except IntegrityError as error:
        if is_conflict(error):
            raise EmailTaken(new_email) from error
        raise
    return True
