"""Which template-owned files people changed."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from .objects import identify
from .ownership import Owner
from .project import Project
from .shared import Shared


def drift(
    folder: Path,
    *,
    template: str | None = None,
    base: str | None = None,
    answers_file: str | None = None,
    shared: Shared | None = None,
) -> list[str]:
    """Compare a project with a fresh render of its own release and answers.

    Args:
        folder: The project, as it is in its folder.
        template: Where the template is; by default where the project was generated from.
        base: The release that the project came from, where the template has lost the commit that
            its answers name.
        answers_file: What the project's answers file is called, if not as usual.
        shared: What updates of many projects have in common; without it, each begins anew.

    Returns:
        Template-owned files that are changed or gone.

    Raises:
        UpdateError: When that cannot be found out.
    """
    project = Project(folder, answers_file)
    origin = project.origin()
    with nullcontext(shared) if shared else Shared() as common:
        source = common.template(template or origin.source, project.root)
        commit = source.resolve(base or origin.commit, asked=base is not None)
        checkout = common.checkout(source, commit)
        object_format = project.object_format
        rendered = common.render(checkout, origin.answers, object_format=object_format)
        return sorted(
            path
            for path, entry in rendered.files.items()
            if checkout.ownership.owner(path) is Owner.TEMPLATE
            and not _is(project.root / path, entry.blob, object_format)
        )


def _is(path: Path, blob: str, object_format: str) -> bool:
    # Line ends are git's business, which may give a working tree others.
    if not path.is_file():
        return False
    content = path.read_bytes().replace(b"\r\n", b"\n")
    return identify("blob", content, object_format) == blob
