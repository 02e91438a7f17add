"""Account routes to verify an e-mail address, and to change it."""

import msgspec
import structlog
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, PermissionDeniedException
from litestar.params import JSONBody

from ...auth.account_mail import AccountMail, Kind
from ...auth.email_change import confirm_change
from ...auth.later import later
from ...auth.links import is_verified
from ...auth.passwords import verify_password
from ...auth.throttle import allow_again, attempt_link, attempt_login
from ...auth.verification import verify_email
from ...runtime import Runtime
from ..connections import AnyRequest, client_address
from .attempts import NO_STORE
from .guards import CurrentUser, requires_login
from .links import LinkIn, counted, new_address
from .routes import Email

log = structlog.get_logger(__name__)


class EmailOut(msgspec.Struct):
    """E-mail address of a user, and whether it is verified."""

    email: str
    verified: bool


class EmailChange(msgspec.Struct):
    """Request to change the e-mail address."""

    new_email: Email
    current_password: str


class ChangeOut(msgspec.Struct):
    """Whether the address is changed; otherwise the other address has to confirm, too."""

    changed: bool


@get(
    "/email",
    guards=[requires_login],
    summary="Is my e-mail address verified?",
    operation_id="get_email",
)
async def show_email(
    runtime: NamedDependency[Runtime], current_user: CurrentUser
) -> Response[EmailOut]:
    """Return the address of the current user, and whether it is verified."""
    async with runtime.database.session() as session:
        verified = await is_verified(session, current_user)
    return Response(EmailOut(current_user.email, verified), headers=NO_STORE)


@post(
    "/email/verification",
    guards=[requires_login],
    status_code=204,
    summary="Ask for a link to verify my e-mail address",
    operation_id="request_email_verification",
)
async def request_verification(
    request: AnyRequest, runtime: NamedDependency[Runtime], current_user: CurrentUser
) -> Response[None]:
    """Send a link to the address of the current user, unless it is verified."""
    await counted(request, runtime, current_user.email)
    await later(runtime, AccountMail(Kind.VERIFICATION, user_id=current_user.id))
    return Response(None, headers=NO_STORE)


@post(
    "/email/verification/confirm",
    status_code=204,
    summary="Verify an e-mail address",
    operation_id="verify_email",
)
async def confirm_verification(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[LinkIn]
) -> Response[None]:
    """Mark the address that the link was sent to as verified."""
    await attempt_link(runtime, address=client_address(request))
    user = await verify_email(runtime.database, data.token)
    log.info("e-mail address verified", user=str(user.id))
    return Response(None, headers=NO_STORE)


@post(
    "/email/change",
    guards=[requires_login],
    status_code=204,
    summary="Ask for links to change my e-mail address",
    operation_id="request_email_change",
)
async def request_change(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    current_user: CurrentUser,
    data: JSONBody[EmailChange],
) -> Response[None]:
    """Send a link to the old address and one to the new address; both have to confirm."""
    new_email = new_address(data.new_email)
    if new_email == current_user.email:
        raise ClientException("This is your address already.")
    address = client_address(request)
    await attempt_login(runtime, email=current_user.email, address=address)
    if not await verify_password(data.current_password, current_user.password_hash):
        log.warning("change of e-mail address refused", user=str(current_user.id))
        raise PermissionDeniedException("The current password is wrong.")
    await allow_again(runtime, email=current_user.email, address=address)
    await counted(request, runtime, new_email)
    change = AccountMail(Kind.CHANGE, user_id=current_user.id, new_email=new_email)
    await later(runtime, change)
    log.info("change of e-mail address requested", user=str(current_user.id))
    return Response(None, headers=NO_STORE)


@post(
    "/email/change/confirm",
    status_code=200,
    summary="Confirm a change of e-mail address",
    operation_id="confirm_email_change",
)
async def confirm_email_change(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[LinkIn]
) -> Response[ChangeOut]:
    """Confirm at the old or at the new address, whichever the link was sent to."""
    await attempt_link(runtime, address=client_address(request))
    changed = await confirm_change(runtime.database, data.token)
    log.info("change of e-mail address confirmed", changed=changed)
    return Response(ChangeOut(changed), headers=NO_STORE)


ROUTES = [
    show_email,
    request_verification,
    confirm_verification,
    request_change,
    confirm_email_change,
]
