"""Reset of a forgotten password by a link in a mail."""

from ..db.engine import Database
from ..db.users import User, find_user
from ..runtime import Runtime
from .links import LinkRefused, Purpose, find, issue, remember_verified, use
from .passwords import check_in_thread, hash_password


async def issue_reset(runtime: Runtime, email: str) -> str | None:
    """Create a link to reset a password.

    Args:
        runtime: The runtime.
        email: The normalized address of the account.

    Returns:
        The link's secret, or None if no active user has this address.
    """
    async with runtime.database.session.begin() as session:
        user = await find_user(session, email)
        if user is None or not user.is_active:
            return None
        seconds = runtime.settings.reset_link_seconds
        return await issue(session, Purpose.RESET, email=email, seconds=seconds, user=user)


async def reset_password(database: Database, secret: str, password: str) -> User:
    """Set a new password with a link; ends all logins of the user.

    The link can be used again if the password is refused.

    Args:
        database: The database.
        secret: The link's secret.
        password: The new password.

    Returns:
        The user.

    Raises:
        LinkRefused: If the link cannot be used.
        PasswordRefused: If the password is not acceptable.
        ListUnavailable: If the list of breached passwords cannot be read.
    """
    async with database.session() as session:
        link = await find(session, secret, Purpose.RESET)
    await check_in_thread(password, link.email)
    hashed = await hash_password(password)
    async with database.session.begin() as session:
        user = await use(session, link)
        if user is None:
            raise LinkRefused
        user.password_hash = hashed
        user.generation += 1
        await remember_verified(session, user)
    return user
