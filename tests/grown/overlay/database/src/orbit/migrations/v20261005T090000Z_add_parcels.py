"""add parcels.

Revision: 20261005T090000Z
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

from orbit.chassis.db.base import UtcDateTime

revision = "20261005T090000Z"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this migration."""
    op.create_table(
        "parcels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column(
            "state", sa.Enum("PACKED", "SENT", "DELIVERED", name="parcelstate"), nullable=False
        ),
        sa.Column("weight", sa.Numeric(8, 3), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcels")),
        sa.UniqueConstraint("reference", name=op.f("uq_parcels_reference")),
    )


def downgrade() -> None:
    """Revert this migration."""
    op.drop_table("parcels")
    # Alembic leaves the type where it is.
    sa.Enum(name="parcelstate").drop(op.get_bind(), checkfirst=True)
