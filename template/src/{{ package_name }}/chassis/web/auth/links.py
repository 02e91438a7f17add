"""What the account routes with links in mails share.

A request for a mail gets the same response whether there is an account or not, and does the same
work: the account is looked up after the response.
"""

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import ClientException

from ...auth.accounts import (
    EmailRefused,
    EmailTaken,
    refuse_deceiving,
    validate_email,
)
from ...auth.links import LinkRefused
from ...auth.throttle import attempt_mail
from ...runtime import Runtime
from ..connections import AnyRequest, client_address
from ..errors import problem
from .routes import Email, NewPassword

log = structlog.get_logger(__name__)


class EmailIn(msgspec.Struct):
    """Request for a mail with a link."""

    email: Email


class LinkIn(msgspec.Struct):
    """Use of a link; `token` is the part of its address after the #."""

    token: str


class LinkWithPassword(msgspec.Struct):
    """Use of a link that sets a password."""

    token: str
    password: NewPassword


async def counted(request: AnyRequest, runtime: Runtime, email: str) -> str:
    """Validate the address of a mail, and count the mail.

    Args:
        request: The request.
        runtime: The runtime.
        email: The address as typed.

    Returns:
        The normalized address.

    Raises:
        ClientException: If it is not an address.
        TooManyAttempts: If there were too many mails to this address, or from this client.
    """
    try:
        email = validate_email(email)
    except EmailRefused as error:
        raise ClientException(str(error)) from error
    await attempt_mail(runtime, email=email, address=client_address(request))
    return email


def new_address(email: str) -> str:
    """Validate the address of a new account.

    Args:
        email: The address as typed.

    Returns:
        The normalized address.

    Raises:
        ClientException: If it is not an address, or can be mistaken for another one.
    """
    try:
        email = validate_email(email)
        refuse_deceiving(email)
    except EmailRefused as error:
        raise ClientException(str(error)) from error
    return email


def link_refused(request: AnyRequest, exception: LinkRefused) -> Response[dict[str, object]]:
    """Respond with 404 to a link that cannot be used."""
    log.warning("link refused", client=client_address(request))
    return problem(request, 404, str(exception))


def email_taken(request: AnyRequest, exception: EmailTaken) -> Response[dict[str, object]]:
    """Respond with 409 to an address that another account has."""
    return problem(request, 409, "An account with this address exists.")
