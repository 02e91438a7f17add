"""Routes of claims, for users."""

from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.web.auth import CurrentUser, requires_login
from ..db.claims import Claim

Session = NamedDependency[AsyncSession]


class NewClaim(msgspec.Struct):
    """Input to make a claim."""

    parcel_id: UUID
    text: str


class ClaimController(Controller):
    """Claims of the user who is logged in."""

    path = "/claims"
    tags = ("claims",)
    guards = (requires_login,)

    @get(summary="List claims")
    async def list_claims(self, session: Session, current_user: CurrentUser) -> list[str]:
        """Texts of the user's own claims."""
        query = select(Claim.text).where(Claim.user_id == current_user.id)
        return list(await session.scalars(query))

    @post(summary="Make a claim")
    async def claim(
        self, session: Session, current_user: CurrentUser, data: JSONBody[NewClaim]
    ) -> None:
        """Store a claim of the user."""
        claim = Claim(user_id=current_user.id, parcel_id=data.parcel_id, text=data.text)
        session.add(claim)
