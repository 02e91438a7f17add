"""Imports between the modules of a generated package."""

from __future__ import annotations

import ast
from pathlib import Path


def import_graph(package: Path) -> dict[str, set[str]]:
    """Find the imports between modules of a package, also in functions and for types.

    Args:
        package: The folder of the package.

    Returns:
        Names of imported modules by the name of the module, such as `orbit.chassis.runtime`.
    """
    paths = {_name(path, package): path for path in package.rglob("*.py")}
    return {name: _imports(name, path, set(paths)) - {name} for name, path in paths.items()}


def _name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(name: str, path: Path, modules: set[str]) -> set[str]:
    parts = name.split(".")
    package = parts if path.name == "__init__.py" else parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            origin = package[: len(package) - node.level + 1]
            source = ".".join([*origin, *filter(None, [node.module])])
            for alias in node.names:
                module = f"{source}.{alias.name}"
                found.add(module if module in modules else source)
    return found & modules
