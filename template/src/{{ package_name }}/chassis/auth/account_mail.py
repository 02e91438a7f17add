"""Mails about accounts, as they are handed to whoever sends them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Kind(StrEnum):
    """What a mail is about, and the name of its template."""

    RESET = "reset_password"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # pragma: allowlist secret
    VERIFICATION = "verify_email"
    CHANGE = "change_email"
    INVITATION = "invitation"
    SIGN_UP = "sign_up"
    LOGIN = "new_login"


class AccountMail(msgspec.Struct, frozen=True):
    """A mail about an account; it has no secrets, which are made when it is sent.

    Attributes:
        kind: What it is about.
        email: The normalized address, where there may be no account.
        user_id: Id of the account's user.
        new_email: The normalized address that a change of address leads to.
        roles: Roles of an account to create.
        address: Network address of the client that logged in.
        agent: User-Agent of that client.
        at: When it logged in.
    """

    kind: Kind
    email: str = ""
    user_id: UUID | None = None
    new_email: str = ""
    roles: list[str] = msgspec.field(default_factory=list)
    address: str = ""
    agent: str = ""
    at: datetime | None = None
