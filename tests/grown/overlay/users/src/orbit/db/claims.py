"""Models of claims."""

from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..chassis.db.base import Model
from ..chassis.db.users import User
from .parcels import Parcel


class Claim(Model):
    """What a user has to say about a parcel."""

    __tablename__ = "claims"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), index=True)
    parcel_id: Mapped[UUID] = mapped_column(ForeignKey(Parcel.id))
    text: Mapped[str] = mapped_column(Text)
