"""1.4.1: deprecations inside dependencies fail no test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .toolkit import Before, before

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

FIRST = '[\n    "error",\n'
# As template/pyproject.toml.jinja has them.
ADDED = """\
    # What a dependency deprecates is for its authors to mend: it is shown, and fails no test.
    "default::DeprecationWarning",
    "default::PendingDeprecationWarning",
    "default::FutureWarning",
    # What this project's own modules use is for you to mend. Name further modules of yours here.
    'error::DeprecationWarning:({package}|chassis|conftest|support|tests)(\\.|$)|test_',
    'error::PendingDeprecationWarning:({package}|chassis|conftest|support|tests)(\\.|$)|test_',
    'error::FutureWarning:({package}|chassis|conftest|support|tests)(\\.|$)|test_',
"""


@before("1.4.1")
def add_filters_before_those_of_people(project: Before) -> None:
    """Filters that people have added after the first one then merge, and still take precedence."""
    added = ADDED.format(package=project.answers["package_name"])

    def add(document: TOMLDocument) -> None:
        from tomlkit import parse
        from tomlkit.items import Array

        options = document.get("tool", {}).get("pytest", {}).get("ini_options", {})
        filters = options.get("filterwarnings")
        if not isinstance(filters, Array) or added in (text := filters.as_string()):
            return
        if text.startswith(FIRST):
            value = text.replace(FIRST, FIRST + added, 1)
            options["filterwarnings"] = parse(f"value = {value}\n")["value"]

    project.edit_toml("pyproject.toml", add)
