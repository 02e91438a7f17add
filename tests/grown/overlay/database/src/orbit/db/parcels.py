"""Models of parcels."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import Column, ForeignKey, Numeric, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..chassis.db.base import Model, utc_now


class ParcelState(StrEnum):
    """Where a parcel is."""

    PACKED = "packed"
    SENT = "sent"
    DELIVERED = "delivered"


parcel_tags = Table(
    "parcel_tags",
    Model.metadata,
    Column("parcel_id", ForeignKey("parcels.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
)


class Tag(Model):
    """A word by which parcels are found."""

    __tablename__ = "tags"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(40), unique=True)


class Parcel(Model):
    """A parcel on its way."""

    __tablename__ = "parcels"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    state: Mapped[ParcelState] = mapped_column(default=ParcelState.PACKED)
    weight: Mapped[Decimal] = mapped_column(Numeric(8, 3), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    tags: Mapped[list[Tag]] = relationship(secondary=parcel_tags, lazy="selectin")
