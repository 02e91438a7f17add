"""An invented next release of the template, which changes the same files as grown services."""

from __future__ import annotations

from pathlib import Path

from tests.updates.published import release

VERSION = "9.0.0"
MIGRATION = f"""\
from .toolkit import before


@before("{VERSION}")
def move(project):
    chassis = f"{{project.package}}/chassis"
    project.rename(f"{{chassis}}/sockets.py", f"{{chassis}}/sockets_shared.py")
"""
SETTING = """
    listen_backlog: Positive = Field(
        default=1024,
        description="Connections that wait until the server takes them.",
    )
"""
EXAMPLE = """
# Connections that wait until the server takes them.
# Whole number, at least 1
#LISTEN_BACKLOG=1024
"""
COMPOSED = '    """Settings of the chassis; add your own to `Settings`."""\n'
END_OF_EXAMPLE = "\n{%- if has_database %}\n\n# How long an archived note is kept, in days."


def release_next(template: Path) -> None:
    """Move a module, add a setting of the chassis at the end, and require a newer dependency.

    Args:
        template: A clone of the published template.
    """
    files = template / "template"
    chassis = files / "src" / "{{ package_name }}" / "chassis"
    (chassis / "sockets.py").rename(chassis / "sockets_shared.py")
    for path in files.rglob("*.*"):
        if path.suffix in (".py", ".jinja"):
            text = path.read_text()
            path.write_text(text.replace(".sockets import ", ".sockets_shared import "))
    (template / "migrations" / f"v{VERSION.replace('.', '_')}.py").write_text(MIGRATION)
    settings = chassis / "settings" / "__init__.py.jinja"
    insert(settings, COMPOSED, COMPOSED + SETTING, instead=True)
    insert(settings, "from .distribution import", "from pydantic import Field\n\n\n")
    insert(files / ".env.example.jinja", END_OF_EXAMPLE, EXAMPLE)
    insert(files / "pyproject.toml.jinja", '"msgspec>=0.22",', '"msgspec>=0.22.0",', instead=True)
    release(template, VERSION)


def insert(path: Path, anchor: str, text: str, *, instead: bool = False) -> None:
    """Change a file of the template.

    Args:
        path: The file.
        anchor: An existing text.
        text: The text to insert before it.
        instead: Whether to replace the existing text.
    """
    before = path.read_text()
    assert before.count(anchor) == 1, f"choose another anchor in {path.name}"
    path.write_text(before.replace(anchor, text if instead else text.removesuffix("\n") + anchor))
