"""Account routes for forgotten passwords."""

import structlog
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import JSONBody

from ...auth.account_mail import AccountMail, Kind
from ...auth.later import later, notify
from ...auth.passwords import PasswordRefused
from ...auth.recovery import reset_password
from ...auth.throttle import allow_again, attempt_link
from ...runtime import Runtime
from ..connections import AnyRequest, client_address
from .attempts import NO_STORE
from .links import EmailIn, LinkWithPassword, counted

log = structlog.get_logger(__name__)


@post(
    "/password-reset",
    status_code=204,
    summary="Ask for a link to reset a password",
    operation_id="request_password_reset",
)
async def request_reset(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[EmailIn]
) -> Response[None]:
    """Send a link to this address if an account has it."""
    email = await counted(request, runtime, data.email)
    await later(runtime, AccountMail(Kind.RESET, email=email))
    return Response(None, headers=NO_STORE)


@post(
    "/password-reset/confirm",
    status_code=204,
    summary="Reset a password",
    operation_id="reset_password",
)
async def confirm_reset(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[LinkWithPassword]
) -> Response[None]:
    """Set a new password with a link; ends all logins of the user."""
    address = client_address(request)
    await attempt_link(runtime, address=address)
    try:
        user = await reset_password(runtime.database, data.token, data.password)
    except PasswordRefused as error:
        raise ClientException(str(error)) from error
    await allow_again(runtime, email=user.email, address=address)
    log.info("password reset", user=str(user.id), client=address)
    await notify(runtime, AccountMail(Kind.PASSWORD_CHANGED, user_id=user.id))
    return Response(None, headers=NO_STORE)


ROUTES = [request_reset, confirm_reset]
