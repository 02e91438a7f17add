"""1.1.0: one place for what only `dev` uses, SPDX's name for a licence, lists that merge."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from .toolkit import Before, before

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

# Lists of pyproject.toml that people add to.
LISTS = (
    "tool.mypy.overrides.module",
    "tool.pytest.ini_options.addopts",
    "tool.pytest.ini_options.filterwarnings",
    "tool.ruff.lint.select",
    "tool.ruff.lint.per-file-ignores.tests/**",
)


@before("1.1.0")
def gather_what_only_dev_uses(project: Before) -> None:
    """Move the supervisor next to the servers, and the console next to its command."""
    chassis = f"{project.package}/chassis"
    project.rename(f"{chassis}/supervisor.py", f"{chassis}/servers/supervisor.py")
    project.rename(f"{chassis}/console.py", f"{chassis}/cli/console.py")


@before("1.1.0")
def gather_what_tests_of_backing_services_share(project: Before) -> None:
    """Replace two modules about databases by one."""
    project.rename("tests/chassis/relay.py", "tests/support/relay.py")
    project.remove(
        "tests/chassis/databases.py",
        "its helpers are in tests/support/database.py: move what you added there, and delete it",
    )


@before("1.1.0")
def name_answers_for_what_they_are(project: Before) -> None:
    """Rename `python_version` to `lowest_python`, and use SPDX's name for own licences."""
    project.move_answer("python_version", "lowest_python")
    project.map_answer("license", {"proprietary": "LicenseRef-Proprietary"})


@before("1.1.0")
def give_each_entry_of_a_list_its_line(project: Before) -> None:
    """Write one entry per line, so that additions of users and of the template can be merged."""
    project.edit_toml("pyproject.toml", _spread_lists)


def _spread_lists(document: TOMLDocument) -> None:
    from tomlkit.items import Array

    for path in LISTS:
        *tables, name = path.split(".")
        for table in _tables(document, tables):
            if isinstance(value := table.get(name), Array):
                value.multiline(True)


def _tables(table: Any, names: list[str]) -> list[MutableMapping[str, Any]]:
    if isinstance(table, list):
        return [found for each in table for found in _tables(each, names)]
    if not isinstance(table, MutableMapping):
        return []
    if not names:
        return [table]
    return _tables(table.get(names[0]), names[1:])
