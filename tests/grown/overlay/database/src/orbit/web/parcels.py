"""Routes of parcels."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ..db.parcels import Parcel, ParcelState, Tag

Session = NamedDependency[AsyncSession]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
StateFilter = Annotated[ParcelState | None, QueryParameter(name="state", required=False)]


class NewParcel(msgspec.Struct):
    """Input to register a parcel."""

    reference: Name
    weight: Annotated[Decimal, msgspec.Meta(description="In kilograms.")]
    tags: list[Name] = []


class ParcelOut(msgspec.Struct):
    """A parcel as it is shown."""

    id: UUID
    reference: str
    state: ParcelState
    weight: Decimal
    created_at: datetime
    tags: list[str]

    @classmethod
    def of(cls, parcel: Parcel) -> Self:
        """Show a stored parcel."""
        return cls(
            id=parcel.id,
            reference=parcel.reference,
            state=parcel.state,
            weight=parcel.weight,
            created_at=parcel.created_at,
            tags=sorted(tag.name for tag in parcel.tags),
        )


class ParcelController(Controller):
    """Parcels."""

    path = "/parcels"
    tags = ("parcels",)

    @get(summary="List parcels")
    async def list_parcels(self, session: Session, only: StateFilter = None) -> list[ParcelOut]:
        """Lightest parcels first."""
        query = select(Parcel).order_by(Parcel.weight)
        if only is not None:
            query = query.where(Parcel.state == only)
        return [ParcelOut.of(parcel) for parcel in await session.scalars(query)]

    @post(summary="Register a parcel")
    async def register(self, session: Session, data: JSONBody[NewParcel]) -> ParcelOut:
        """Create missing tags."""
        found = await session.scalars(select(Tag).where(Tag.name.in_(data.tags)))
        known = {tag.name: tag for tag in found}
        tags = [known.get(name) or Tag(name=name) for name in data.tags]
        parcel = Parcel(reference=data.reference, weight=data.weight, tags=tags)
        session.add(parcel)
        await session.flush()
        return ParcelOut.of(parcel)

    @get("/{parcel_id:uuid}", summary="Get a parcel")
    async def get_parcel(self, session: Session, parcel_id: FromPath[UUID]) -> ParcelOut:
        """One parcel."""
        parcel = await session.get(Parcel, parcel_id)
        if parcel is None:
            raise NotFoundException("There is no such parcel.")
        return ParcelOut.of(parcel)
