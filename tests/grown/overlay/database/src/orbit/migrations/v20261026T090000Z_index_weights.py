"""index weights, without a lock on PostgreSQL.

Revision: 20261026T090000Z
Follows: 20261019T090000Z
"""

from alembic import op

revision = "20261026T090000Z"
down_revision = "20261019T090000Z"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this migration."""
    with op.get_context().autocommit_block():
        op.create_index(
            op.f("ix_parcels_weight"), "parcels", ["weight"], postgresql_concurrently=True
        )


def downgrade() -> None:
    """Revert this migration."""
    with op.get_context().autocommit_block():
        op.drop_index(op.f("ix_parcels_weight"), "parcels", postgresql_concurrently=True)
