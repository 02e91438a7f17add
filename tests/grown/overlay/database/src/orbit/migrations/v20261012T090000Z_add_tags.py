"""add tags.

Revision: 20261012T090000Z
Follows: 20261005T090000Z
"""

import sqlalchemy as sa
from alembic import op

revision = "20261012T090000Z"
down_revision = "20261005T090000Z"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this migration."""
    op.create_table(
        "tags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("name", name=op.f("uq_tags_name")),
    )
    op.create_table(
        "parcel_tags",
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parcel_id"],
            ["parcels.id"],
            name=op.f("fk_parcel_tags_parcel_id_parcels"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"],
            ["tags.id"],
            name=op.f("fk_parcel_tags_tag_id_tags"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("parcel_id", "tag_id", name=op.f("pk_parcel_tags")),
    )


def downgrade() -> None:
    """Revert this migration."""
    op.drop_table("parcel_tags")
    op.drop_table("tags")
