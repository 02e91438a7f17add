"""Accounts that are created by a link in a mail: invitations, and sign-up with a proven address."""

from collections.abc import Iterable

from sqlalchemy.exc import IntegrityError

from ..db.engine import Database
from ..db.errors import is_conflict
from ..db.users import User, find_user
from ..runtime import Runtime
from .accounts import EmailTaken
from .links import Purpose, find, issue, remember_verified, use
from .passwords import check_in_thread, hash_password


async def issue_invitation(
    runtime: Runtime, email: str, *, seconds: int, roles: Iterable[str] = ()
) -> str:
    """Create a link that creates an account.

    Args:
        runtime: The runtime.
        email: The normalized address of the account.
        seconds: Lifetime of the link.
        roles: Roles of the account.

    Returns:
        The link's secret.

    Raises:
        EmailTaken: If another account has this address.
    """
    async with runtime.database.session.begin() as session:
        if await find_user(session, email):
            raise EmailTaken(email)
        return await issue(
            session, Purpose.CREATE_ACCOUNT, email=email, seconds=seconds, roles=roles
        )


async def accept_invitation(database: Database, secret: str, password: str) -> User:
    """Create the account of a link; its address is verified.

    The link can be used again if the password is refused.

    Args:
        database: The database.
        secret: The link's secret.
        password: Password of the user.

    Returns:
        The user.

    Raises:
        LinkRefused: If the link cannot be used.
        EmailTaken: If another account has got this address in the meantime.
        PasswordRefused: If the password is not acceptable.
        ListUnavailable: If the list of breached passwords cannot be read.
    """
    async with database.session() as session:
        link = await find(session, secret, Purpose.CREATE_ACCOUNT)
    await check_in_thread(password, link.email)
    hashed = await hash_password(password)
    user = User(email=link.email, password_hash=hashed, roles=link.roles, generation=0)
    try:
        async with database.session.begin() as session:
            await use(session, link)
            session.add(user)
            await session.flush()
            await remember_verified(session, user)
    except IntegrityError as error:
        if is_conflict(error):
            raise EmailTaken(link.email) from error
        raise
    return user
