"""name tags in lower case.

Revision: 20261019T090000Z
Follows: 20261012T090000Z
"""

import sqlalchemy as sa
from alembic import op

revision = "20261019T090000Z"
down_revision = "20261012T090000Z"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this migration."""
    tags = sa.table("tags", sa.column("name", sa.String))
    op.execute(sa.update(tags).values(name=sa.func.lower(tags.c.name)))


def downgrade() -> None:
    """Leave the names as they are: nobody knows how they were written."""
