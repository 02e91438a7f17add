"""Commands for user accounts, added to your own `admin` commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from typer.main import get_command_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from ..db.engine import Database
    from ..db.users import User
    from ..runtime import Runtime

T = TypeVar("T")

Email = Annotated[str, typer.Argument(help="E-mail address of the user.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin.")
]


def with_users(admin: typer.Typer) -> typer.Typer:
    """Add the commands of this module to your own; yours win where names are equal.

    Args:
        admin: Your admin commands.
    """
    group = typer.main.get_group(admin)
    taken = group.commands.keys()
    for function in (create_user, set_password, list_users, deactivate, activate):
        name = get_command_name(function.__name__)
        if name not in taken:
            admin.command(name)(function)
    return admin


def create_user(
    email: Email,
    role: Annotated[
        list[str] | None, typer.Option(help="Role of the user; can be given several times.")
    ] = None,
    password_stdin: PasswordStdin = False,
) -> None:
    """Create a user and print the id."""
    from ..auth.accounts import EmailTaken
    from ..auth.accounts import create_user as create
    from .process import fail

    password = _password(from_stdin=password_stdin)
    roles = role or []

    async def task(database: Database) -> User:
        return await create(database, email, password, roles=roles)

    try:
        user = _run(task)
    except EmailTaken:
        fail("A user with this address already exists: see `admin list-users`.")
    _log("user created", user.id)
    typer.echo(user.id)


def set_password(email: Email, password_stdin: PasswordStdin = False) -> None:
    """Set a user's password; ends all logins of the user."""
    from ..auth import accounts

    password = _password(from_stdin=password_stdin)
    _change("password set", lambda database: accounts.set_password(database, email, password))


def list_users() -> None:
    """List all users with their state and roles, oldest first."""
    from sqlalchemy import select

    from ..db.users import User
    from .process import in_runtime

    async def task(runtime: Runtime) -> None:
        query = select(User).order_by(User.created_at, User.id)
        async with runtime.database.session() as session:
            async for user in await session.stream_scalars(query):
                typer.echo(_line(user))

    in_runtime(task)


def deactivate(email: Email) -> None:
    """Deactivate a user; ends all logins of the user."""
    from ..auth import accounts

    _change("user deactivated", lambda database: accounts.set_active(database, email, active=False))


def activate(email: Email) -> None:
    """Activate a deactivated user."""
    from ..auth import accounts

    _change("user activated", lambda database: accounts.set_active(database, email, active=True))


def _change(event: str, task: Callable[[Database], Awaitable[UUID | None]]) -> None:
    from .process import fail

    user_id = _run(task)
    if user_id is None:
        fail("There is no user with this address: see `admin list-users`.")
    _log(event, user_id)


def _log(event: str, user_id: UUID) -> None:
    import structlog

    structlog.get_logger(__name__).info(event, user=str(user_id))


def _run(task: Callable[[Database], Awaitable[T]]) -> T:
    from ..auth.accounts import EmailRefused
    from ..auth.passwords import PasswordRefused
    from .process import fail, in_runtime

    async def with_database(runtime: Runtime) -> T:
        return await task(runtime.database)

    try:
        return in_runtime(with_database)
    except (EmailRefused, PasswordRefused) as error:
        fail(str(error))


def _password(*, from_stdin: bool) -> str:
    import sys

    from .process import fail

    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        fail("Cannot ask for the password without a terminal: use --password-stdin.")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _line(user: User) -> str:
    state = "active" if user.is_active else "inactive"
    roles = ",".join(user.roles) or "-"
    return f"{user.created_at:%Y-%m-%d %H:%M:%S}  {state:8}  {user.email}  {roles}"
