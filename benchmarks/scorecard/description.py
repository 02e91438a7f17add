"""What the scorecard has to know about a project: its folders, commands, paths and settings."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A project, as its own documentation describes it.

    Commands, addresses and values may contain {port}, {database}, {redis} and {scratch}.

    Attributes:
        name: Name of the project or of its template.
        service: Whether it is a service; False for a package without processes.
        home: Folder in which its commands run, relative to its repository.
        sources: Folders of its Python modules, relative to `home`.
        dockerfile: Path of its Dockerfile, relative to its repository; empty if it has none.
        commands: Command lines by what they do; without one, a project cannot do it.
        paths: Paths of requests by what they answer.
        environment: Environment variables of its processes in production.
        invalid: A setting and a value that it must refuse.
        refused: Settings that production must refuse, such as a default secret; an empty value
            removes a variable.
        python: Its interpreter, relative to `home`.
        seed: A program for its interpreter that adds 20 rows to a migrated database, and prints
            the Authorization header of requests for them, if they need one.
    """

    name: str
    service: bool = True
    home: str = "."
    sources: tuple[str, ...] = ()
    dockerfile: str = ""
    commands: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    invalid: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    python: str = ".venv/bin/python"
    seed: str = ""

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        """Make a description of a parsed table.

        Args:
            table: The table, with the names of the attributes.
        """
        return cls(**{**table, "sources": tuple(table.get("sources", ()))})


def read(file: Path) -> Description:
    """Read the table `project` of a file.

    Args:
        file: A file in TOML.

    Raises:
        ValueError: When the table is missing or has an unknown key.
    """
    table = tomllib.loads(file.read_text(encoding="utf-8")).get("project")
    if table is None:
        raise ValueError(f"{file}: there is no table [project]")
    try:
        return Description.of(table)
    except TypeError as error:
        raise ValueError(f"{file}: {error}") from None
