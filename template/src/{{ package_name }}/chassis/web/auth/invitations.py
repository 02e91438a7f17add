"""Account routes for invitations, and for sign-up with a link in a mail."""

from collections.abc import Sequence

import msgspec
import structlog
from litestar import Response, Router, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, PermissionDeniedException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from ...auth.account_mail import AccountMail, Kind
from ...auth.invitations import accept_invitation
from ...auth.invite import invite
from ...auth.later import later
from ...auth.passwords import PasswordRefused
from ...auth.throttle import attempt_link
from ...runtime import Runtime
from ...settings import ChassisSettings
from ..connections import AnyRequest, client_address
from .attempts import NO_STORE, UserOut
from .guards import CurrentUser, requires_role
from .links import EmailIn, LinkWithPassword, counted, new_address
from .routes import Email

log = structlog.get_logger(__name__)


class Invitation(msgspec.Struct):
    """Request to invite somebody; the inviting user must have the roles, too."""

    email: Email
    roles: list[str] = msgspec.field(default_factory=list)


@post("/invitations", status_code=204, summary="Invite somebody", operation_id="invite_user")
async def send_invitation(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    current_user: CurrentUser,
    data: JSONBody[Invitation],
) -> Response[None]:
    """Send a link that creates an account; if the address is taken, respond with 409."""
    if missing := set(data.roles) - set(current_user.roles):
        raise PermissionDeniedException(f"You do not have the role {min(missing)} yourself.")
    email = new_address(data.email)
    await counted(request, runtime, email)
    await invite(runtime, email, roles=data.roles)
    log.info("invitation sent", by=str(current_user.id))
    return Response(None, headers=NO_STORE)


@post(
    "/invitations/accept",
    status_code=201,
    summary="Create an account with a link",
    operation_id="accept_invitation",
)
async def accept(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[LinkWithPassword]
) -> Response[UserOut]:
    """Create the account of an invitation, or of a sign-up."""
    await attempt_link(runtime, address=client_address(request))
    try:
        user = await accept_invitation(runtime.database, data.token, data.password)
    except PasswordRefused as error:
        raise ClientException(str(error)) from error
    log.info("user created", user=str(user.id))
    return Response(UserOut.of(user), headers=NO_STORE)


@post("/sign-up", status_code=204, summary="Ask for an account", operation_id="sign_up")
async def sign_up(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[EmailIn]
) -> Response[None]:
    """Send a link that creates an account to this address."""
    email = await counted(request, runtime, new_address(data.email))
    await later(runtime, AccountMail(Kind.SIGN_UP, email=email))
    return Response(None, headers=NO_STORE)


def routes(settings: ChassisSettings) -> Sequence[HTTPRouteHandler | Router]:
    """Routes of this module.

    Args:
        settings: Settings with the role that invites, and whether and how anybody can sign up.
    """
    guard = requires_role(settings.inviting_role)
    inviting = Router("/", route_handlers=[send_invitation], guards=[guard])
    if settings.sign_up and settings.sign_up_confirmed:
        return [inviting, accept, sign_up]
    return [inviting, accept]
