"""Guard that requires a verified e-mail address."""

from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from ...auth.links import is_verified
from ...runtime import Runtime
from ..connections import Connection
from .guards import Guard, logged_in


class VerifiedGuard(Guard):
    """Allows users whose e-mail address is verified."""

    async def __call__(self, connection: Connection, _handler: BaseRouteHandler) -> None:
        """Reject with 401 without a login, or 403 without a verified address."""
        await super().__call__(connection, _handler)
        runtime: Runtime = connection.app.state.runtime
        async with runtime.database.session() as session:
            if not await is_verified(session, await logged_in(connection)):
                raise PermissionDeniedException("Verify your e-mail address first.")


requires_verified_email = VerifiedGuard()
