"""Enum types of PostgreSQL in new migrations.

Alembic creates them with a table, but neither drops them nor sees new members.
"""

from alembic_postgresql_enum import Config, set_configuration

set_configuration(
    Config(
        # Types without a column can be another application's.
        drop_unused_enums=False,
        # Alembic's type hints do not know the new operations.
        add_type_ignore=True,
    )
)
