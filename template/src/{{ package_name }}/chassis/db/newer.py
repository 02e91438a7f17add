"""Databases that another release has migrated, as before a rollback of the service."""

from collections.abc import Iterable

from sqlalchemy import Connection, Table, inspect


def missing(connection: Connection, tables: Iterable[Table]) -> list[str]:
    """List the tables and columns that a database does not have.

    Args:
        connection: A connection to it.
        tables: The wanted tables.

    Returns:
        Names such as `notes` and `notes.title`.
    """
    inspector = inspect(connection)
    names: list[str] = []
    for table in tables:
        if not inspector.has_table(table.name, schema=table.schema):
            names.append(table.name)
            continue
        columns = {each["name"] for each in inspector.get_columns(table.name, table.schema)}
        names += [f"{table.name}.{each.name}" for each in table.columns if each.name not in columns]
    return names
