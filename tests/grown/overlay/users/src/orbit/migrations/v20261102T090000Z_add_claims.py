"""add claims.

Revision: 20261102T090000Z
Follows: 20261026T090000Z
"""

import sqlalchemy as sa
from alembic import op

revision = "20261102T090000Z"
down_revision = "20261026T090000Z"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this migration."""
    op.create_table(
        "claims",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcels.id"], name=op.f("fk_claims_parcel_id_parcels")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["chassis_users.id"], name=op.f("fk_claims_user_id_chassis_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_user_id"), "claims", ["user_id"])


def downgrade() -> None:
    """Revert this migration."""
    op.drop_table("claims")
