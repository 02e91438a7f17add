"""Names of the chassis that docs or seeded files of any release import stay importable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rendering import ROOT, answer_sets, render
from updating.git import Git
from updating.releases import releases

# Files with such imports: seeded ones, and the docs.
OWNED = re.compile(
    r"template/(README|docs/|tests/(conftest|test_)"
    r"|src/\{\{ package_name \}\}/(app|settings|words|web|jobs|cli|db|migrations)\b)"
)
IMPORT = re.compile(
    r"from\s+(?:\.+|\{\{ package_name \}\}\.|\w+\.)(chassis(?:\.\w+)*)\s+"
    r"import\s+(\([^)]*\)|[^\n]+)"
)
# Entry points of command lines, servers and Alembic, in files that an update merges.
ENTRIES = {
    ("chassis.cli", "main"),
    ("chassis.cli", "cli"),
    ("chassis.web.asgi", "asgi"),
    ("chassis.web.asgi", "create_app"),
    ("chassis.runtime", "open_runtime"),
    ("chassis.db.migrate", "run_environment"),
}


@pytest.fixture(scope="module")
def package(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public") / "complete"
    project = render(template, folder, answer_sets()["complete"])
    [found] = (project / "src").iterdir()
    return found


def test_every_name_that_a_release_imports_is_still_there(package: Path) -> None:
    imported = {*imports_of_releases(), *ENTRIES}
    assert ("chassis.jobs", "JobContext") in imported
    gone = sorted(
        f"{module}.{name}" for module, name in imported if name not in names(package, module)
    )
    assert not gone, (
        f"until 2.0 these must stay importable from the same modules: {', '.join(gone)}"
    )


def test_the_page_lists_every_public_name(package: Path) -> None:
    page = (package.parents[1] / "docs" / "extending.md").read_text()
    missing = sorted(
        {f"{module}.{name}" for module, name in imports_of_releases() if f"`{name}`" not in page}
    )
    assert not missing, f"docs/extending.md does not name {', '.join(missing)}"


def imports_of_releases() -> set[tuple[str, str]]:
    """Modules and names of the chassis that files of projects have imported in any release."""
    git = Git(ROOT)
    found: set[tuple[str, str]] = set()
    for release in releases(git):
        listed = git.text("ls-tree", "-r", "-z", "--name-only", release.commit, "template")
        for path in filter(OWNED.match, listed.split("\0")):
            found |= set(imports(git.text("show", f"{release.commit}:{path}")))
    return found


def imports(text: str) -> Iterator[tuple[str, str]]:
    """Modules and names of the chassis that a file of the template imports.

    Args:
        text: Its text, with Jinja in it.
    """
    for module, listed in IMPORT.findall(text):
        # Of a Jinja expression, all names that it may render.
        written = re.sub(
            r"\{\{.*?\}\}", lambda found: " ".join(re.findall(r"'([^']*)'", found[0])), listed
        )
        for part in re.findall(r"[A-Za-z_]\w*(?:\s+as\s+\w+)?", written.split("#")[0]):
            yield module, part.split()[0]


def names(package: Path, module: str) -> set[str]:
    """Names that a module of a generated package has.

    Args:
        package: The package.
        module: Name of the module in it.
    """
    path = package.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.exists():
        return set()
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            if node.name == "__getattr__":
                found |= {
                    inner.value
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
                }
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found
