"""Which template-owned files people changed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .ownership import Owner, Ownership
from .project import Project
from .rendering import render
from .template import Template


def drift(folder: Path, *, template: str | None = None) -> list[str]:
    """Compare a project with a fresh render of its own release and answers.

    Args:
        folder: The project, as it is in its folder.
        template: Where the template is; by default where the project was generated from.

    Returns:
        Template-owned files that are changed or gone.

    Raises:
        UpdateError: When that cannot be found out.
    """
    project = Project(folder)
    origin = project.origin()
    with tempfile.TemporaryDirectory(prefix="twelvestar-") as scratch:
        source = Template(template or origin.source, Path(scratch))
        release = source.export(source.resolve(origin.commit), Path(scratch) / "template")
        rendered = render(release, Path(scratch) / "rendered", origin).folder
        ownership = Ownership(release)
        paths = (path.relative_to(rendered).as_posix() for path in rendered.rglob("*"))
        return sorted(
            path
            for path in paths
            if (rendered / path).is_file()
            and ownership.owner(path) is Owner.TEMPLATE
            and _content(project.root / path) != _content(rendered / path)
        )


def _content(path: Path) -> bytes | None:
    # Line ends are git's business, which may give a working tree others.
    return path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else None
